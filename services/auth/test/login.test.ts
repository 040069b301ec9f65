import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoginFailureReason, UserStatus } from '@immersiverse/auth-contract'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'
import { listEvents } from './outbox.ts'
import { assertRefused, getRefusal } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { readPayload } from './validations.ts'

describeOnStores('Login', (context) => {
  const logIn = (identifier: string, password: string) => context.auth.auth.login({ identifier, password })

  test('the username in any case and the e-mail address in any case open a session', async () => {
    const person = await context.auth.signUp()
    for (const identifier of [person.username, person.username.toUpperCase(), person.email.toUpperCase()]) {
      const { tokens, user } = await logIn(identifier, person.password)
      assert.equal(user?.id, person.id)
      assert.equal(tokens?.tokenType, 'Bearer')
    }
  })

  test('the token says who, which session, which program and for how long', async () => {
    const person = await context.auth.signUp()
    const before = Math.floor(Date.now() / 1000)
    const tokens = await context.auth.logIn(person, 'ios')
    const { iat, exp, jti, ...claims } = readPayload(tokens.accessToken)
    assert.deepEqual(claims, {
      iss: 'http://localhost:8080',
      aud: 'immersiverse',
      sub: person.id,
      sid: tokens.sessionId,
      client_id: 'ios',
      roles: [],
      tier: '',
      name: person.username,
      tv: 1,
    })
    assert.ok(Number(iat) >= before - 1 && Number(iat) <= Date.now() / 1000 + 1)
    assert.equal(Number(exp), Number(iat) + 600)
    assert.equal(tokens.accessExpiresAt?.seconds, BigInt(Number(exp)))
    const idleDays = (Number(tokens.refreshExpiresAt?.seconds) - Number(iat)) / 86_400
    assert.ok(Math.abs(idleDays - 30) < 0.001)
    assert.match(String(jti), /^[0-9a-f-]{36}$/)
  })

  test('logging in moves last_login_at, neither the version nor an event of the account', async () => {
    const person = await context.auth.signUp()
    const { user } = await logIn(person.username, person.password)
    assert.ok(user?.lastLoginAt)
    const read = await context.auth.users.getUser({ by: { case: 'userId', value: person.id } })
    assert.deepEqual(read.user, { ...person.user, lastLoginAt: user.lastLoginAt })
    assert.deepEqual(await listEvents(context.auth, 'user_updated', person.id), [])
    const [event] = await listEvents(context.auth, 'login_succeeded', person.id)
    assert.equal(event?.userVersion, 1n)
    assert.equal(event?.ip, '127.0.0.1')
  })

  test('an unknown user, a wrong password and a deleted user are one answer, byte for byte', async () => {
    const [person, gone] = [await context.auth.signUp(), await context.auth.signUp()]
    await context.auth.users.deleteUser({ userId: gone.id })
    const refusals = [
      await assertRefused(
        logIn(person.username, 'a wrong password'),
        'UNAUTHENTICATED',
        'INVALID_CREDENTIALS',
      ),
      await getRefusal(logIn(toUniqueName(), 'a wrong password')),
      await getRefusal(logIn(`${toUniqueName()}@example.org`, person.password)),
      await getRefusal(logIn(gone.username, gone.password)),
    ]
    for (const refusal of refusals) assert.deepEqual(refusal, refusals[0])
  })

  test('a suspended user is told so with the right password only', async () => {
    const person = await context.auth.signUp()
    await context.auth.users.updateUser({ userId: person.id, status: UserStatus.SUSPENDED })
    await assertRefused(logIn(person.username, person.password), 'PERMISSION_DENIED', 'USER_SUSPENDED')
    await assertRefused(logIn(person.username, 'a wrong password'), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
  })

  test('a refused login is told as an event with its reason and without the identifier', async () => {
    const person = await context.auth.signUp()
    const identifier = `${toUniqueName()}@example.org`
    await getRefusal(logIn(identifier, 'whatever'))
    await getRefusal(logIn(person.email, 'a wrong password'))
    const rows = await context.auth.database.kysely
      .selectFrom('outbox')
      .select(['key', 'user_sequence'])
      .where('event', '=', 'login_failed')
      .orderBy('position', 'desc')
      .limit(2)
      .execute()
    const [wrong, unknown] = await Promise.all(
      rows.map(async ({ key }) => (await listEvents(context.auth, 'login_failed', key))[0]),
    )
    assert.equal(wrong?.reason, LoginFailureReason.WRONG_PASSWORD)
    assert.equal(wrong?.userId, person.id)
    assert.equal(unknown?.reason, LoginFailureReason.UNKNOWN_USER)
    assert.equal(unknown?.userId, '')
    assert.ok(rows.every((row) => row.user_sequence === null))
    assert.match(String(unknown?.identifierHash), /^[0-9a-f]{32}$/)
  })

  test('fields out of bounds are named', async () => {
    const { password } = await context.auth.signUp()
    const client = { clientId: 'x'.repeat(65), deviceName: 'a\u0007b' }
    const fields = ['client.client_id', 'client.device_name']
    const call = context.auth.auth.login({ identifier: 'mina', password, client })
    await assertRefused(call, 'INVALID_ARGUMENT', 'INVALID_FIELD', fields)
    await assertRefused(logIn('', password), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['identifier'])
    await assertRefused(logIn('x'.repeat(255), password), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['identifier'])
    await assertRefused(logIn('mina', ''), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['password'])
    await assertRefused(logIn('mina', 'x'.repeat(1025)), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['password'])
  })

  test('a password is the same in every Unicode form', async () => {
    const person = await context.auth.signUp({ password: 'gr\u00fc\u00dfe aus k\u00f6ln' })
    await logIn(person.username, person.password.normalize('NFD'))
  })
})

test('when too many passwords are being checked the next is refused with the time to wait', async () => {
  const passwords = { memoryKib: 4096, passes: 3, concurrency: 1, queueLength: 1 }
  // So many at once are too many for one name, too.
  const environment = { AUTH_LOGIN_ATTEMPTS: 'off' }
  await using auth = await openTestAuth({ environment, overrides: { passwords } })
  const person = await auth.signUp()
  const logins = await Promise.allSettled(Array.from({ length: 12 }, () => auth.logIn(person)))
  const refused = logins.filter((one) => one.status === 'rejected')
  assert.ok(refused.length >= 1 && refused.length <= 10)
  for (const { reason } of refused) {
    const refusal = await assertRefused(Promise.reject(reason), 'RESOURCE_EXHAUSTED', 'HASHING_BUSY')
    assert.equal(refusal.retryMs, 1000)
  }
})

test('a refused login answers no sooner than the floor, whatever was wrong', async () => {
  await using auth = await openTestAuth({ overrides: { settings: { loginFloorMs: 120 } } })
  const person = await auth.signUp()
  for (const [identifier, password] of [
    [person.username, 'a wrong password'],
    [toUniqueName(), person.password],
  ] as const) {
    const startMs = performance.now()
    await getRefusal(auth.auth.login({ identifier, password }))
    assert.ok(performance.now() - startMs >= 118)
  }
})
