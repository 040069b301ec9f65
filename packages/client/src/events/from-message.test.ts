import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeData, makeAttributes, makeRecord } from '../test/make-record.ts'
import { decodeEvent } from './decode-event.ts'
import { fromMessage } from './from-message.ts'

test('a Kafka record in CloudEvents binary mode is the same event as over WatchEvents', () => {
  const { traceparent = '', ...attributes } = makeAttributes('user_created', { sequence: 1 })
  const headers = new Map(
    Object.entries(attributes).map(([name, value]) => [Buffer.from(`ce_${name}`), Buffer.from(value)]),
  )
  headers.set(Buffer.from('traceparent'), Buffer.from(traceparent))
  headers.set(Buffer.from('content-type'), Buffer.from('application/json'))
  headers.set(Buffer.from('x-other'), Buffer.from('ignored'))
  const value = encodeData('user_created', {})
  const message = {
    topic: 'auth.events.user_created',
    partition: 0,
    offset: 0n,
    key: Buffer.from('u1'),
    value,
    headers,
  }
  const record = fromMessage(message, 1, async () => undefined)
  assert.deepEqual(decodeEvent(record), decodeEvent(makeRecord('user_created', { sequence: 1 })))
})
