import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capDeadline } from './cap-deadline.ts'

const limits = { defaultDeadlineMs: 30_000, maxDeadlineMs: 60_000 }
const cap = (text?: string) => capDeadline(text === undefined ? {} : { 'grpc-timeout': text }, limits)

test('a call without a deadline gets the default, one with a far deadline the cap, a near one its own', () => {
  assert.equal(cap(), 30_000)
  assert.deepEqual(['10H', '2M', '61S', '99999999S'].map(cap), [60_000, 60_000, 60_000, 60_000])
  assert.deepEqual(['60S', '1500m', '900u', '5n', '0m'].map(cap), [60_000, 1500, 1, 1, 0])
})

test('what is no time-out of gRPC is not taken for one', () => {
  for (const text of ['', '10', 'S', '-1S', '1.5S', '10s', '123456789m', '1S, 2S', ' 1S']) {
    assert.equal(cap(text), undefined, text)
  }
})
