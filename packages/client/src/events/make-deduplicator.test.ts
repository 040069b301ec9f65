import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordOptions } from '../test/make-record.ts'
import { makeRecord } from '../test/make-record.ts'
import { decodeEvent } from './decode-event.ts'
import { makeDeduplicator } from './make-deduplicator.ts'

const info = (sequence: number | undefined, options: RecordOptions<'user_updated'> = {}) =>
  decodeEvent(makeRecord('user_updated', { ...options, ...(sequence === undefined ? {} : { sequence }) }))
    .info

test('up to the last handled sequence of user, topic and epoch everything was handled', () => {
  const deduplicator = makeDeduplicator()
  assert.equal(deduplicator.wasHandled(info(5)), false)
  deduplicator.markHandled(info(5))
  assert.equal(deduplicator.wasHandled(info(5)), true)
  assert.equal(deduplicator.wasHandled(info(4)), true)
  assert.equal(deduplicator.wasHandled(info(6)), false)
  assert.equal(deduplicator.wasHandled(info(5, { key: 'u2' })), false)
  assert.equal(deduplicator.wasHandled(info(5, { epoch: 'e2' })), false)
  assert.equal(deduplicator.wasHandled({ ...info(5), topic: 'auth.events.user_deleted' }), false)
})

test('events without a sequence never were', () => {
  const deduplicator = makeDeduplicator()
  deduplicator.markHandled(info(undefined))
  assert.equal(deduplicator.wasHandled(info(undefined)), false)
})

test('it forgets the users longest without an event first', () => {
  const deduplicator = makeDeduplicator(2)
  for (const key of ['u1', 'u2', 'u1', 'u3']) deduplicator.markHandled(info(1, { key }))
  assert.equal(deduplicator.wasHandled(info(1, { key: 'u1' })), true)
  assert.equal(deduplicator.wasHandled(info(1, { key: 'u2' })), false)
})
