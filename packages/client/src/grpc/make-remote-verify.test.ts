import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { ValidateTokenResponseSchema, ValidationReason } from '@immersiverse/auth-contract'
import { AuthError } from '../auth-error.ts'
import { makeRemoteVerify } from './make-remote-verify.ts'

const principal = {
  userId: 'u',
  sessionId: 's',
  roles: ['a'],
  issuedAt: { seconds: 10n },
  expiresAt: { seconds: 20n },
}

function verifyWith(response: MessageInitShape<typeof ValidateTokenResponseSchema>) {
  return makeRemoteVerify({ ask: async () => create(ValidateTokenResponseSchema, response) })
}

test('a valid token gives its principal, with dates', async () => {
  const who = await verifyWith({ valid: true, principal })('t')
  assert.equal(who.userId, 'u')
  assert.deepEqual([who.issuedAt, who.expiresAt], [new Date(10_000), new Date(20_000)])
})

test('every reason of the contract is UNAUTHENTICATED with that reason, a missing role PERMISSION_DENIED', async () => {
  const names = Object.keys(ValidationReason).filter(
    (name) => Number.isNaN(Number(name)) && name !== 'UNSPECIFIED',
  )
  assert.equal(names.length, 12)
  for (const name of names) {
    const code = name === 'MISSING_ROLE' ? 'PERMISSION_DENIED' : 'UNAUTHENTICATED'
    const reason = ValidationReason[name as keyof typeof ValidationReason]
    await assert.rejects(verifyWith({ reason, principal })('t'), { name: 'AuthError', code, reason: name })
  }
})

test('a reason of a later contract, and valid without a principal, still mean: not valid', async () => {
  await assert.rejects(verifyWith({ reason: 99 as ValidationReason })('t'), {
    code: 'UNAUTHENTICATED',
    reason: 'UNSPECIFIED',
  })
  await assert.rejects(verifyWith({ valid: true })('t'), { code: 'UNAUTHENTICATED' })
})

test('an outage is passed on as UNAVAILABLE', async () => {
  const outage = new AuthError('UNAVAILABLE', 'AUTH_UNREACHABLE', 'down')
  await assert.rejects(makeRemoteVerify({ ask: () => Promise.reject(outage) })('t'), outage)
})

test('what would end the shared stream is refused before it is sent', async () => {
  const verify = makeRemoteVerify({ ask: () => assert.fail('asked') })
  await assert.rejects(verify('x'.repeat(8193)), { code: 'UNAUTHENTICATED', reason: 'MALFORMED' })
  await assert.rejects(verify('t', { audience: 'a'.repeat(257) }), TypeError)
  await assert.rejects(verify('t', { requiredRoles: Array.from({ length: 33 }, () => 'r') }), TypeError)
  await assert.rejects(verify('t', { requiredRoles: [''] }), TypeError)
})

test('a text with characters that no token has is MALFORMED and nobody is asked', async () => {
  const verify = makeRemoteVerify({ ask: () => assert.fail('asked') })
  for (const text of ['', 'a,b', 'é', '=a', 'a b', 'a\nb', '\ud800']) {
    await assert.rejects(verify(text), { code: 'UNAUTHENTICATED', reason: 'MALFORMED' })
  }
})
