import assert from 'node:assert/strict'
import { test } from 'node:test'
import { facts, options } from './test/token-facts.ts'
import { toAccessTokenClaims } from './to-access-token-claims.ts'

const toExp = (notAfterMs: number, ttlMs = options.ttlMs) => {
  const notAfter = new Date(notAfterMs)
  return toAccessTokenClaims({ ...facts, notAfter }, { ...options, ttlMs }).exp
}

test('an access token says what the contract names, and nothing else', () => {
  assert.deepEqual(toAccessTokenClaims(facts, options), {
    iss: 'https://auth.example',
    aud: 'immersiverse',
    sub: facts.account.id,
    sid: facts.sessionId,
    jti: facts.tokenId,
    iat: 1_800_000_000,
    exp: 1_800_000_600,
    client_id: 'web',
    roles: ['viewer'],
    tier: 'PREMIUM',
    name: 'mina',
    tv: 3,
  })
})

test('R11 an access token ends with its session, in whole seconds, and lives for one at least', () => {
  assert.equal(toExp(1_800_000_300_999), 1_800_000_300)
  assert.equal(toExp(1_800_000_600_000), 1_800_000_600)
  assert.equal(toExp(1_800_000_001_000), 1_800_000_001)
  assert.equal(toExp(1_800_000_000_999), 1_800_000_001)
  assert.equal(toExp(1_700_000_000_000), 1_800_000_001)
  assert.equal(toExp(1_900_000_000_000, 1_999), 1_800_000_001)
})
