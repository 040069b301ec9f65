import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordOptions } from '../test/make-record.ts'
import { makeRecord } from '../test/make-record.ts'
import { decodeEvent } from './decode-event.ts'
import { makeSequenceMemory } from './make-sequence-memory.ts'

const info = (sequence: number | undefined, options: RecordOptions<'user_updated'> = {}) =>
  decodeEvent(makeRecord('user_updated', { ...options, ...(sequence === undefined ? {} : { sequence }) }))
    .info

test('up to the last handled sequence of user, topic and epoch everything was handled', () => {
  const memory = makeSequenceMemory()
  assert.equal(memory.judge(info(5)).isDuplicate, false)
  memory.markHandled(info(5))
  assert.equal(memory.judge(info(5)).isDuplicate, true)
  assert.equal(memory.judge(info(4)).isDuplicate, true)
  assert.equal(memory.judge(info(6)).isDuplicate, false)
  assert.equal(memory.judge(info(5, { key: 'u2' })).isDuplicate, false)
  assert.equal(memory.judge(info(5, { epoch: 'e2' })).isDuplicate, false)
  assert.equal(memory.judge({ ...info(5), topic: 'auth.events.user_deleted' }).isDuplicate, false)
})

test('events without a sequence never were', () => {
  const memory = makeSequenceMemory()
  memory.markHandled(info(undefined))
  assert.equal(memory.judge(info(undefined)).isDuplicate, false)
})

test('it forgets the users longest without an event first', () => {
  const memory = makeSequenceMemory(2)
  for (const key of ['u1', 'u2', 'u1', 'u3']) memory.markHandled(info(1, { key }))
  assert.equal(memory.judge(info(1, { key: 'u1' })).isDuplicate, true)
  assert.equal(memory.judge(info(1, { key: 'u2' })).isDuplicate, false)
})

test('an event that does not follow the last one handled says after which', () => {
  const memory = makeSequenceMemory()
  const after = (sequence: number, previous: number, options: RecordOptions<'user_updated'> = {}) =>
    info(sequence, { ...options, attributes: { topicprevious: String(previous) } })
  assert.equal(memory.judge(after(9, 7)).gapAfter, undefined, 'the first seen is where it begins')
  memory.markHandled(after(9, 7))
  assert.equal(memory.judge(after(12, 9)).gapAfter, undefined, 'numbers between belong to other topics')
  assert.equal(memory.judge(after(14, 12)).gapAfter, 9n)
  assert.equal(memory.judge(after(14, 12, { key: 'u2' })).gapAfter, undefined)
  assert.equal(memory.judge(after(14, 12, { epoch: 'e2' })).gapAfter, undefined, 'another epoch counts anew')
  assert.deepEqual(memory.judge(after(8, 3)), { isDuplicate: true, gapAfter: undefined })
})

test('between two tenures of a partition nothing is missed: another consumer had it', () => {
  const memory = makeSequenceMemory()
  const later = info(9, { attributes: { topicprevious: '7' } })
  memory.markHandled(info(5), 1)
  assert.equal(memory.judge(later, 1).gapAfter, 5n)
  assert.equal(memory.judge(later, 2).gapAfter, undefined)
  assert.equal(memory.judge(info(5), 2).isDuplicate, true)
})
