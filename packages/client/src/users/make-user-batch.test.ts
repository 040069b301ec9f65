import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { makeUserBatch } from './make-user-batch.ts'
import { makeBeat, makeState, makeStateRecord, toId } from './test/make-state-records.ts'

const at = (ms: number) => new Date(1_800_000_000_000 + ms)
const [epoch, old] = ['e2', 'e1']

const partitions = [
  { partition: 0, next: 10n, isListed: false },
  { partition: 1, next: 20n, isListed: false },
]
const open = () => makeUserBatch({ epoch, partitions })

test('it keeps the newest of each user, and where reading goes on', () => {
  const batch = open()
  const records = [makeState(1, 1), makeState(1, 3), makeState(1, 2), makeState(2, 1)]
  batch.take({ partition: 0, records, next: 14n, isAtEnd: false })
  batch.take({ partition: 0, records: [makeStateRecord(toId(2), null, 2, epoch)], next: 15n, isAtEnd: false })
  const { steps, users } = batch.drain()
  assert.deepEqual(
    users.map(({ displayName, isDeleted, status, version }) => [version, status, isDeleted, displayName]),
    [
      [3n, 'ACTIVE', false, 'name 3'],
      [2n, 'DELETED', true, undefined],
    ],
  )
  assert.deepEqual(steps, [{ partition: 0, from: 10n, next: 15n, isListed: false, asOf: undefined }])
  assert.deepEqual(batch.drain(), { users: [], steps: [] })
})

test('a partition is complete up to a heartbeat only where its end has been read: compaction takes out what has a successor behind it', () => {
  const batch = open()
  batch.take({ partition: 0, records: [makeBeat(at(1))], next: 11n, isAtEnd: false })
  assert.deepEqual(batch.drain().steps[0], {
    ...{ partition: 0, from: 10n, next: 11n },
    ...{ isListed: false, asOf: undefined },
  })
  batch.take({ partition: 0, records: [makeState(1, 1)], next: 12n, isAtEnd: true })
  assert.deepEqual(batch.drain().steps[0], {
    ...{ partition: 0, from: 11n, next: 12n },
    ...{ isListed: true, asOf: at(1) },
  })
  batch.take({ partition: 1, records: [], next: 21n, isAtEnd: true })
  assert.deepEqual(batch.drain().steps[0]?.isListed, false)
})

test('nothing of another epoch, or of an older term, counts; that there is one is told', () => {
  const batch = open()
  const records = [makeState(1, 9, { epoch: old }), makeBeat(at(1), { epoch: old })]
  assert.deepEqual(batch.take({ partition: 0, records, next: 12n, isAtEnd: true }), { other: old })
  const beats = [makeBeat(at(5), { term: 2 }), makeBeat(at(9), { term: 1 })]
  assert.deepEqual(batch.take({ partition: 0, records: beats, next: 14n, isAtEnd: true }), {
    other: undefined,
  })
  const { steps, users } = batch.drain()
  assert.deepEqual([users.length, steps[0]?.asOf], [0, at(5)])
})

test('a withheld or unreadable state takes the place of older ones, without a name; a key that is no id is left out', () => {
  const batch = open()
  const records = [
    makeState(1, 1),
    makeState(1, 2, { status: UserStatus.UNSPECIFIED }),
    makeState(2, 1),
    makeStateRecord(toId(2), '{', 2, epoch),
    makeState(3, 1, { status: UserStatus.UNSPECIFIED }),
    makeState(3, 1),
    makeStateRecord('somebody', null, 1, epoch),
  ]
  batch.take({ partition: 0, records, next: 17n, isAtEnd: false })
  assert.deepEqual(
    batch.drain().users.map(({ status, username, version }) => [version, status, username]),
    [
      [2n, 'UNSPECIFIED', undefined],
      [2n, 'UNSPECIFIED', undefined],
      [1n, 'ACTIVE', 'u3'],
    ],
  )
})
