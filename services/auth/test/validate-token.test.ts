import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { SigningKey } from '../src/security/key-ring.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { type Forgery, forge, getSigningKey, getVerdict } from './validations.ts'

describeOnStores('ValidateToken', (context) => {
  const logOut = (value: string) =>
    context.auth.auth.logout({ token: { case: 'accessToken', value }, allSessions: false })
  const hourAgo = () => new Date(Date.now() - 3_600_000)
  const inAnHour = () => new Date(Date.now() + 3_600_000)
  const stranger = (id: string): SigningKey => ({
    id,
    algorithm: 'ES256',
    privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  })

  test('a valid token is answered with its principal and the time of the look-up', async () => {
    const person = await context.auth.signUp()
    await context.auth.users.updateUser({
      userId: person.id,
      roles: { roles: ['moderator'] },
      subscriptionTier: 'PREMIUM',
    })
    const { accessToken, sessionId, accessExpiresAt } = await context.auth.logIn(person, 'ios')
    const { valid, principal, checkedAt } = await context.auth.auth.validateToken({ accessToken })
    assert.equal(valid, true)
    assert.equal(principal?.userId, person.id)
    assert.equal(principal?.sessionId, sessionId)
    assert.deepEqual(principal?.roles, ['moderator'])
    assert.equal(principal?.subscriptionTier, 'PREMIUM')
    assert.equal(principal?.username, person.username)
    assert.equal(principal?.clientId, 'ios')
    assert.equal(principal?.expiresAt?.seconds, accessExpiresAt?.seconds)
    assert.ok(Math.abs(Number(checkedAt?.seconds) - Date.now() / 1000) < 5)
  })

  test('a refused token has one line in the log, with ids and without the token', async () => {
    const { accessToken, sessionId } = await context.auth.logIn(await context.auth.signUp())
    await logOut(accessToken)
    await context.auth.auth.validateToken({ accessToken })
    const lines = context.auth.logged.filter(({ facts }) => facts.sessionId === sessionId)
    assert.deepEqual(
      lines.map(({ facts, message }) => [message, facts.reason, facts.caller]),
      [['token refused', 'REVOKED', 'loopback']],
    )
    assert.ok(!JSON.stringify(lines).includes(accessToken))
  })

  const forgeries: [string, Forgery | (() => Forgery)][] = [
    ['EXPIRED', () => ({ issuedAt: hourAgo() })],
    ['NOT_YET_VALID', () => ({ issuedAt: inAnHour() })],
    ['WRONG_ISSUER', { issuer: 'http://elsewhere' }],
    ['WRONG_AUDIENCE', { audience: 'elsewhere' }],
    ['UNKNOWN_KEY', () => ({ key: stranger('nobody') })],
    ['BAD_SIGNATURE', () => ({ key: stranger(getSigningKey(context.auth).id) })],
    ['MALFORMED', { ttlMs: 601_000 }],
    ['REVOKED', { tokenVersion: 0 }],
    ['REVOKED', { sessionId: '01890000-0000-7000-8000-000000000002' }],
  ]
  for (const [reason, forgery] of forgeries) {
    test(`${reason}: a token whose ${Object.keys(typeof forgery === 'object' ? forgery : {})[0] ?? 'time or key'} is another`, async () => {
      const { accessToken } = await context.auth.logIn(await context.auth.signUp())
      const token = forge(context.auth, accessToken, typeof forgery === 'function' ? forgery() : forgery)
      assert.equal(await getVerdict(context.auth, token), reason)
    })
  }

  test('MALFORMED: what is no token of this kind at all, and what is too large', async () => {
    const { accessToken, refreshToken } = await context.auth.logIn(await context.auth.signUp())
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    const texts = [
      '',
      '.',
      '...',
      'a.b.c',
      refreshToken,
      `${accessToken}.`,
      ` ${accessToken}`,
      'x'.repeat(8193),
      '한글',
    ]
    for (const text of texts)
      assert.equal(await getVerdict(context.auth, text), 'MALFORMED', text.slice(0, 20))
    const [, payload] = accessToken.split('.')
    assert.notEqual(await getVerdict(context.auth, `${none}.${payload}.`), 'VALID')
  })

  test('WRONG_AUDIENCE and MISSING_ROLE: judged by the question, and a missing role still tells who', async () => {
    const person = await context.auth.signUp()
    await context.auth.users.updateUser({ userId: person.id, roles: { roles: ['moderator', 'creator'] } })
    const { accessToken } = await context.auth.logIn(person)
    const ask = (question: object) => getVerdict(context.auth, accessToken, question)
    assert.equal(await ask({ audience: 'immersiverse' }), 'VALID')
    assert.equal(await ask({ audience: 'elsewhere' }), 'WRONG_AUDIENCE')
    assert.equal(await ask({ requiredRoles: ['creator', 'moderator'] }), 'VALID')
    assert.equal(await ask({ requiredRoles: ['creator', 'admin'] }), 'MISSING_ROLE')
    const answer = await context.auth.auth.validateToken({ accessToken, requiredRoles: ['admin'] })
    assert.equal(answer.principal?.userId, person.id)
  })

  test('deleted comes before suspended, suspended before revoked, revoked before the rest', async () => {
    const person = await context.auth.signUp()
    const { accessToken } = await context.auth.logIn(person)
    const expired = forge(context.auth, accessToken, { issuedAt: hourAgo(), audience: 'elsewhere' })
    assert.equal(await getVerdict(context.auth, expired), 'EXPIRED')
    await logOut(accessToken)
    assert.equal(await getVerdict(context.auth, expired), 'REVOKED')
    await context.auth.users.updateUser({ userId: person.id, status: UserStatus.SUSPENDED })
    assert.equal(await getVerdict(context.auth, expired), 'USER_SUSPENDED')
    await context.auth.users.deleteUser({ userId: person.id })
    assert.equal(await getVerdict(context.auth, expired), 'USER_DELETED')
  })

  test('no answer but a valid one or a missing role names the principal', async () => {
    const { accessToken } = await context.auth.logIn(await context.auth.signUp())
    await logOut(accessToken)
    const { principal } = await context.auth.auth.validateToken({ accessToken })
    assert.equal(principal, undefined)
  })

  test('a question out of bounds is an error, not an answer', async () => {
    const { accessToken } = await context.auth.logIn(await context.auth.signUp())
    const refused = ['INVALID_ARGUMENT', 'INVALID_FIELD'] as const
    const ask = (question: object) => context.auth.auth.validateToken({ accessToken, ...question })
    await assertRefused(ask({ audience: 'x'.repeat(257) }), ...refused, ['audience'])
    await assertRefused(ask({ requiredRoles: Array(33).fill('a') }), ...refused, ['required_roles'])
    await assertRefused(ask({ requiredRoles: ['x'.repeat(65)] }), ...refused, ['required_roles'])
  })

  test('a library that is not ours verifies the token with the keys of GetSigningKeys, which hold no private part', async () => {
    const { accessToken } = await context.auth.logIn(await context.auth.signUp())
    const { jwksJson, maxAge } = await context.auth.auth.getSigningKeys({})
    assert.equal(maxAge?.seconds, 300n)
    const jwks = JSON.parse(jwksJson)
    assert.deepEqual(Object.keys(jwks.keys[0]).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    const options = {
      issuer: 'http://localhost:8080',
      audience: 'immersiverse',
      typ: 'at+jwt',
      algorithms: ['ES256'],
    }
    await jwtVerify(accessToken, createLocalJWKSet(jwks), options)
  })
})
