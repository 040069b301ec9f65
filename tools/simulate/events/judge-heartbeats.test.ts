import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventWorld } from './event-world.ts'
import { judgeRevocations } from './judge-heartbeats.ts'
import { revocationTopic } from './topics.ts'

interface Numbered {
  readonly eventId: string
  readonly epoch: string
  readonly rseq: number
}

/** What is said of a topic in which these stand, in this order. */
function judge(revocations: readonly Numbered[]): string[] {
  const world = new EventWorld(1, {})
  world.broker.append(
    revocations.map((revocation) => ({
      topic: revocationTopic,
      partition: 0,
      key: '',
      value: { revocation },
    })),
  )
  judgeRevocations(world)
  world.time.end()
  return world.history.violations.map(({ property, text }) => `${property}: ${text}`)
}

const before = [
  { eventId: 'a', epoch: 'first', rseq: 1 },
  { eventId: 'b', epoch: 'first', rseq: 2 },
]

test('revocations without a gap, and those sent again', () => {
  assert.deepEqual(judge([...before, ...before, { eventId: 'c', epoch: 'first', rseq: 3 }]), [])
})

test('a gap, and an order that is not that of the numbers', () => {
  assert.deepEqual(judge([...before, { eventId: 'd', epoch: 'first', rseq: 4 }]), [
    'O4: revocation 4 comes behind 2',
  ])
  assert.deepEqual(judge([...before].reverse()), ['O4: revocation 1 comes behind 2'])
})

test('what a new epoch has numbered anew may still come with the number of the one before', () => {
  const inNew = [
    { eventId: 'c', epoch: 'second', rseq: 3 },
    { eventId: 'e', epoch: 'second', rseq: 4 },
  ]
  const late = [
    { eventId: 'c', epoch: 'first', rseq: 3 },
    { eventId: 'd', epoch: 'first', rseq: 4 },
  ]
  assert.deepEqual(judge([...before, ...inNew, ...late]), [])
})

test('numbers of a new epoch are in order, too, where the one before gave them already', () => {
  const inOld = { eventId: 'c', epoch: 'first', rseq: 3 }
  const inNew = [
    { eventId: 'c', epoch: 'second', rseq: 4 },
    { eventId: 'e', epoch: 'second', rseq: 3 },
  ]
  assert.deepEqual(judge([...before, inOld, ...inNew]), ['O4: revocation 3 comes behind 4'])
})
