import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogoutReason } from '@immersiverse/auth-contract'
import type { Caller } from '../src/domain/caller.ts'
import { revokeToken } from '../src/use-cases/revoke-token.ts'
import { listEvents } from './outbox.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { forge, getVerdict, readPayload, refresh } from './validations.ts'

const operator: Caller = { kind: 'service', id: 'operator', origin: { ip: '', userAgent: '' } }

describeOnStores('Logout', (context) => {
  const byAccess = (value: string, allSessions = false) =>
    context.auth.auth.logout({ token: { case: 'accessToken', value }, allSessions })
  const byRefresh = (value: string, allSessions = false) =>
    context.auth.auth.logout({ token: { case: 'refreshToken', value }, allSessions })
  const longAgo = () => ({ issuedAt: new Date(Date.now() - 3_600_000) })

  test('ending a session twice is OK and told once', async () => {
    const person = await context.auth.signUp()
    const tokens = await context.auth.logIn(person)
    await byAccess(tokens.accessToken)
    await byAccess(tokens.accessToken)
    await byRefresh(tokens.refreshToken)
    const events = await listEvents(context.auth, 'logged_out', person.id)
    assert.equal(events.length, 1)
    assert.equal(events[0]?.sessionId, tokens.sessionId)
    assert.equal(events[0]?.reason, LogoutReason.LOGOUT)
  })

  test('the refresh token is a proof too', async () => {
    const tokens = await context.auth.logIn(await context.auth.signUp())
    await byRefresh(tokens.refreshToken)
    assert.equal(await getVerdict(context.auth, tokens.accessToken), 'REVOKED')
  })

  test('a correctly signed token that has expired ends its own session, but not all', async () => {
    const tokens = await context.auth.logIn(await context.auth.signUp())
    const expired = forge(context.auth, tokens.accessToken, longAgo())
    const refusal = await assertRefused(byAccess(expired, true), 'UNAUTHENTICATED', 'INVALID_ACCESS_TOKEN')
    assert.deepEqual(refusal.metadata, { validation_reason: 'EXPIRED' })
    assert.equal(await getVerdict(context.auth, tokens.accessToken), 'VALID')
    await byAccess(expired)
    assert.equal(await getVerdict(context.auth, tokens.accessToken), 'REVOKED')
  })

  test('a token that is revoked does not end all sessions', async () => {
    const person = await context.auth.signUp()
    const [ended, other] = [await context.auth.logIn(person), await context.auth.logIn(person)]
    await byAccess(ended.accessToken)
    await assertRefused(byAccess(ended.accessToken, true), 'UNAUTHENTICATED', 'INVALID_ACCESS_TOKEN')
    await assertRefused(byRefresh(ended.refreshToken, true), 'UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN')
    assert.equal(await getVerdict(context.auth, other.accessToken), 'VALID')
  })

  test('a token that an operator has revoked does not end all sessions, and still its own', async () => {
    const person = await context.auth.signUp()
    const [revoked, other] = [await context.auth.logIn(person), await context.auth.logIn(person)]
    const { deps } = context.auth
    await revokeToken(deps, operator, { tokenId: String(readPayload(revoked.accessToken).jti) })
    const refusal = await assertRefused(
      byAccess(revoked.accessToken, true),
      'UNAUTHENTICATED',
      'INVALID_ACCESS_TOKEN',
    )
    assert.deepEqual(refusal.metadata, { validation_reason: 'REVOKED' })
    assert.equal(await getVerdict(context.auth, other.accessToken), 'VALID')
    await byAccess(revoked.accessToken)
    await assertRefused(
      refresh(context.auth, revoked.refreshToken),
      'UNAUTHENTICATED',
      'INVALID_REFRESH_TOKEN',
    )
  })

  test('a refresh token that has been used does not end all sessions', async () => {
    const tokens = await context.auth.logIn(await context.auth.signUp())
    const next = await refresh(context.auth, tokens.refreshToken)
    await assertRefused(byRefresh(tokens.refreshToken, true), 'UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN')
    assert.equal(await getVerdict(context.auth, next.accessToken), 'VALID')
  })

  test('all sessions end by a live refresh token, told as one event', async () => {
    const person = await context.auth.signUp()
    const [one, two] = [await context.auth.logIn(person), await context.auth.logIn(person)]
    await byRefresh(one.refreshToken, true)
    for (const { accessToken } of [one, two])
      assert.equal(await getVerdict(context.auth, accessToken), 'REVOKED')
    const events = await listEvents(context.auth, 'logged_out', person.id)
    assert.deepEqual(
      events.map(({ reason }) => reason),
      [LogoutReason.LOGOUT_ALL],
    )
  })

  test('what proves nothing is refused and changes nothing', async () => {
    const tokens = await context.auth.logIn(await context.auth.signUp())
    const wrongIssuer = forge(context.auth, tokens.accessToken, { issuer: 'http://elsewhere' })
    for (const [token, reason] of [
      ['nothing', 'MALFORMED'],
      [`${tokens.accessToken.slice(0, -6)}AAAAAA`, 'BAD_SIGNATURE'],
      [wrongIssuer, 'WRONG_ISSUER'],
    ] as const) {
      const refusal = await assertRefused(byAccess(token), 'UNAUTHENTICATED', 'INVALID_ACCESS_TOKEN')
      assert.deepEqual(refusal.metadata, { validation_reason: reason })
    }
    const forged = `${tokens.refreshToken.slice(0, -6)}AAAAAA`
    await assertRefused(byRefresh(forged), 'UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN')
    await assertRefused(context.auth.auth.logout({}), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['access_token'])
    assert.equal(await getVerdict(context.auth, tokens.accessToken), 'VALID')
  })
})
