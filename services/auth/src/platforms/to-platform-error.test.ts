import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toErrorAnswer } from './to-platform-error.ts'

test('only a clear word of the platform ends a grant; what nobody knows is no outage', () => {
  const toFault = (status: number, error: string) => toErrorAnswer({ status, error }).fault
  assert.equal(toFault(400, 'invalid_grant'), 'REFUSED')
  assert.equal(toFault(400, 'invalid_token'), 'REFUSED')
  for (const error of ['invalid_client', 'redirect_uri_mismatch', 'constructor', '__proto__', '']) {
    assert.equal(toFault(400, error), 'MISCONFIGURED', error)
  }
  assert.equal(toFault(400, 'temporarily_unavailable'), 'UNAVAILABLE')
  for (const status of [429, 500, 503]) {
    assert.equal(toFault(status, 'invalid_grant'), 'UNAVAILABLE', String(status))
  }
})

test("a platform's words reach the log only where they are a plain code", () => {
  assert.match(toErrorAnswer({ status: 400, error: 'invalid_grant' }).message, /400 invalid_grant$/)
  assert.match(toErrorAnswer({ status: 400, error: 'a\nforged line' }).message, /400 something else$/)
})
