import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freezePrincipal } from './freeze-principal.ts'

const principal = freezePrincipal({
  userId: 'u',
  sessionId: 's',
  roles: ['reader'],
  subscriptionTier: 'FREE',
  username: 'mina',
  clientId: 'web',
  issuedMs: 10_000,
  expiresMs: 20_000,
  tokenId: 't',
})

test('what one handler does to a principal, another does not see', () => {
  const before = JSON.stringify(principal)
  const writable = principal as unknown as {
    userId: string
    roles: string[]
    issuedAt: Date
    expiresAt: Date
  }
  assert.throws(() => {
    writable.userId = 'another'
  }, TypeError)
  assert.throws(() => writable.roles.push('admin'), TypeError)
  assert.throws(() => {
    writable.expiresAt = new Date(0)
  }, TypeError)
  writable.issuedAt.setTime(0)
  writable.expiresAt.setFullYear(3000)
  assert.equal(JSON.stringify(principal), before)
})

test('copies and clones have all of it', () => {
  assert.deepEqual({ ...principal }.expiresAt, new Date(20_000))
  assert.deepEqual(structuredClone(principal), { ...principal })
})
