import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCount, isRevocationEntry } from './is-revocation-entry.ts'

const expiresAt = new Date(1_800_000_000_000)

test('entries of all levels can be judged, with an expiry and without', () => {
  for (const entry of [
    { type: 'token', subject: 'a' },
    { type: 'token', subject: 'a', expiresAt },
    { type: 'session', subject: 'x'.repeat(512), expiresAt },
    { type: 'user', subject: 'a', minTv: 0 },
    { type: 'user', subject: 'a', minTv: Number.MAX_SAFE_INTEGER, expiresAt: new Date(0) },
    { type: 'key', subject: 'k' },
    { type: 'issuer', subject: 'i', until: 0 },
    { type: 'issuer', subject: 'i', until: 1_800_000_000, more: true },
  ]) {
    assert.ok(isRevocationEntry(entry), JSON.stringify(entry))
  }
})

test('what is no entry cannot', () => {
  for (const value of [
    undefined,
    null,
    0,
    'token',
    [],
    {},
    { subject: 'a' },
    { type: 'token' },
    () => undefined,
  ]) {
    assert.equal(isRevocationEntry(value), false)
  }
})

test('an unknown type, and a subject that is empty, too long or no text, cannot', () => {
  for (const type of [undefined, null, '', 'TOKEN', 'device', 1]) {
    assert.equal(isRevocationEntry({ type, subject: 'a', minTv: 1, until: 1 }), false, String(type))
  }
  for (const type of ['token', 'session', 'user', 'key', 'issuer']) {
    for (const subject of [undefined, null, '', 7, ['a'], 'x'.repeat(513)]) {
      assert.equal(isRevocationEntry({ type, subject, minTv: 1, until: 1 }), false, `${type} ${subject}`)
    }
  }
})

test('a minimum version and an end that are no whole numbers from 0 cannot', () => {
  for (const value of [undefined, null, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', 1n]) {
    assert.equal(isCount(value), false, String(value))
    assert.equal(isRevocationEntry({ type: 'user', subject: 'a', minTv: value }), false, String(value))
    assert.equal(isRevocationEntry({ type: 'issuer', subject: 'a', until: value }), false, String(value))
  }
})

test('an expiry that is no date cannot', () => {
  for (const value of [null, 0, '2027-01-15', new Date(Number.NaN), {}]) {
    for (const type of ['token', 'session', 'user']) {
      assert.equal(
        isRevocationEntry({ type, subject: 'a', minTv: 1, expiresAt: value }),
        false,
        String(value),
      )
    }
  }
})
