import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape, toBinary, toJsonString } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import { UserStateHeartbeatSchema, UserStateSchema, UserStatus } from '@immersiverse/auth-contract'
import type { PartitionRecord } from '../events/partition-record.ts'
import { makePartitionList } from './make-partition-list.ts'

type Facts = { readonly offset?: number; readonly epoch?: string }

const at = (ms: number) => new Date(1_800_000_000_000 + ms)
const floor = { offset: 10n, asOf: at(1000), epoch: 'e2' }

function makeRecord(key: string, value: Buffer | null, contentType: string, facts: Facts): PartitionRecord {
  const headers = { 'content-type': contentType, ce_epoch: facts.epoch ?? 'e2' }
  return {
    offset: BigInt(facts.offset ?? 0),
    key: Buffer.from(key),
    value,
    headers: Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]),
  }
}

function makeState(
  userId: string,
  version: number,
  { facts = {}, ...more }: MessageInitShape<typeof UserStateSchema> & { readonly facts?: Facts } = {},
): PartitionRecord {
  const message = create(UserStateSchema, {
    ...{ userId, userVersion: BigInt(version), username: userId, status: UserStatus.ACTIVE },
    ...more,
  })
  // Both encodings, in turn.
  if (version % 2 === 0) {
    return makeRecord(userId, Buffer.from(toBinary(UserStateSchema, message)), 'application/protobuf', facts)
  }
  return makeRecord(userId, Buffer.from(toJsonString(UserStateSchema, message)), 'application/json', facts)
}

function makeBeat(offset: number, asOfMs: number, { epoch = 'e2', term = 1 } = {}): PartitionRecord {
  const message = create(UserStateHeartbeatSchema, {
    epoch,
    term: BigInt(term),
    asOf: timestampFromDate(at(asOfMs)),
  })
  const value = Buffer.from(toJsonString(UserStateHeartbeatSchema, message))
  return makeRecord('heartbeat', value, 'application/json', { offset, epoch })
}

const tombstone = (userId: string, facts: Facts = {}) => makeRecord(userId, null, 'application/json', facts)

test('a list has the last state of each user up to its heartbeat, and nothing behind it', () => {
  const list = makePartitionList(floor)
  assert.equal(list.take([makeState('u1', 1), makeState('u2', 1), makeState('u3', 4)]), false)
  const complete = [makeState('u1', 2), tombstone('u2'), makeBeat(12, 1001), makeState('u3', 5)]
  assert.equal(list.take(complete), true)
  assert.equal(list.take([makeState('u4', 1)]), true)
  assert.deepEqual(
    [...list.users.values()].map(({ id, version }) => [id, version]),
    [
      ['u1', 2n],
      ['u3', 4n],
    ],
  )
})

test('R13: a heartbeat completes it that was written after the call and speaks of later, in the same epoch, of no older term', () => {
  for (const [title, beat] of Object.entries({
    'written before': makeBeat(9, 2000),
    'waited in a backlog': makeBeat(12, 1000),
    'of another epoch': makeBeat(12, 2000, { epoch: 'e1' }),
    'of an older term': makeBeat(12, 2000, { term: 1 }),
  })) {
    const list = makePartitionList(floor)
    assert.equal(list.take([makeBeat(1, 1, { term: 2 }), beat]), false, title)
  }
  assert.equal(makePartitionList(floor).take([makeBeat(10, 1001, { term: 2 })]), true)
})

test('R13: what another epoch left there does not count, nor does what is older than what a record withholds', () => {
  const list = makePartitionList(floor)
  list.take([
    makeState('lost', 7, { facts: { epoch: 'e1' } }),
    makeState('again', 7, { facts: { epoch: 'e1' } }),
    makeState('again', 6),
    makeState('withheld', 1),
    makeState('withheld', 2, { status: UserStatus.UNSPECIFIED }),
    makeState('unreadable', 1),
    makeRecord('unreadable', Buffer.from('{'), 'application/json', {}),
    makeState('kept', 1),
    tombstone('kept', { epoch: 'e1' }),
    makeBeat(12, 2000),
  ])
  assert.deepEqual(
    [...list.users.values()].map(({ id, version }) => [id, version]),
    [
      ['again', 6n],
      ['kept', 1n],
    ],
  )
})

test('what is no object, or no JSON, says that there is something newer, and throws nothing', () => {
  for (const text of ['null', '[]', '"text"', '7', '{', '{"status":7,"userId":[]}', '']) {
    const list = makePartitionList(floor)
    const isComplete = list.take([
      makeState('u1', 1),
      makeRecord('u1', Buffer.from(text), 'application/json', {}),
      makeRecord('heartbeat', Buffer.from(text), 'application/json', { offset: 11 }),
      makeState('u2', 1),
    ])
    assert.deepEqual([isComplete, [...list.users.values()].map(({ id }) => id)], [false, ['u2']], text)
  }
})
