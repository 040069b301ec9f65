import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventRecord, EventSource, PositionMark } from '../events/event-record.ts'
import { makeRecord } from '../test/make-record.ts'
import { makeListedSource } from './make-listed-source.ts'

function makeSource(items: readonly (EventRecord | PositionMark)[], pages: readonly string[][] = []) {
  const asked: unknown[] = []
  async function* openEvents(): EventSource {
    yield* items
  }
  const client = {
    listUsers: async ({ pageSize, pageToken }: { pageSize?: number; pageToken?: string }) => {
      asked.push([pageSize, pageToken])
      const page = Number(pageToken || 0)
      const nextPageToken = page + 1 < pages.length ? String(page + 1) : ''
      return { users: pages[page]?.map((id) => ({ id })), nextPageToken } as never
    },
  }
  return { asked, source: makeListedSource({ client, openEvents, silenceMs: undefined }) }
}

async function follow(items: readonly (EventRecord | PositionMark)[], signal = new AbortController().signal) {
  const told: unknown[] = []
  let lifeSigns = 0
  const changes = {
    takeChange: ({ id, version }: { id: string; version: bigint }, epoch: string) =>
      told.push([id, version, epoch]),
    takeDeleted: (id: string, epoch: string) => told.push([id, 'deleted', epoch]),
    takeUnreadable: (id: string) => told.push([id, 'unreadable']),
    takeLifeSign: () => {
      lifeSigns++
    },
  }
  const ended = await makeSource(items)
    .source.follow(changes, signal)
    .then(
      () => 'ended',
      () => 'failed',
    )
  return { told, lifeSigns, ended }
}

test('all pages are listed, 500 users at a time', async () => {
  const { asked, source } = makeSource([], [['a', 'b'], ['c'], []])
  const listed: string[] = []
  for await (const users of source.list(new AbortController().signal)) {
    for (const { id } of users) listed.push(id)
  }
  assert.deepEqual(listed, ['a', 'b', 'c'])
  assert.deepEqual(asked, [
    [500, ''],
    [500, '1'],
    [500, '2'],
  ])
})

test('events tell users and deletions with their epoch; what cannot be read says whose it is', async () => {
  let done = 0
  const options = {
    done: async () => {
      done++
    },
  }
  const { told } = await follow([
    makeRecord('user_created', { ...options, key: 'u1' }),
    makeRecord('user_updated', { ...options, key: 'u1', data: { userVersion: 4n }, encoding: 'protobuf' }),
    { ...makeRecord('user_updated', { ...options, key: 'u2' }), data: Buffer.from('{') },
    makeRecord('user_deleted', { ...options, key: 'u1', epoch: 'e2' }),
  ])
  assert.deepEqual(told, [
    ['u1', 1n, 'e1'],
    ['u1', 4n, 'e1'],
    ['u2', 'unreadable'],
    ['u1', 'deleted', 'e2'],
  ])
  assert.equal(done, 4)
})

test('heartbeats are signs of life, also while the position stays where it is', async () => {
  const mark: PositionMark = { origin: { position: 'p1' }, done: async () => undefined }
  const { lifeSigns, told } = await follow([mark, mark, mark])
  assert.deepEqual([lifeSigns, told], [3, []])
})

test('events that end are a failure, unless nobody wants them any more', async () => {
  assert.equal((await follow([])).ended, 'failed')
  assert.equal((await follow([], AbortSignal.abort())).ended, 'ended')
})
