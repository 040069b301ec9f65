import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { until } from '../src/store/outbox-testing.ts'
import { deleteEndedCounters } from '../src/store/rate-counters.ts'
import { guessAtOnce } from './guess-at-once.ts'
import { openTestAuth, type Person, type TestAuth, toUniqueName } from './open-test-auth.ts'
import { listEvents } from './outbox.ts'
import { assertRefused, getRefusal } from './refusals.ts'
import { describeOnStores } from './stores.ts'

const wrong = 'a wrong password'
const attempts = 3
const environment = {
  AUTH_LOGIN_ATTEMPTS: `${attempts}/15m`,
  AUTH_PASSWORD_CHANGE_ATTEMPTS: `${attempts}/15m`,
}

async function failOften(auth: TestAuth, identifier: string, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    const call = auth.auth.login({ identifier, password: wrong })
    await assertRefused(call, 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
  }
}

const limited = (call: Promise<unknown>) => assertRefused(call, 'RESOURCE_EXHAUSTED', 'TOO_MANY_LOGINS')

describeOnStores(
  'Limits of logins',
  (context) => {
    const logIn = (person: Person, password = person.password, deviceToken = '') =>
      context.auth.auth.login({ identifier: person.username, password, client: { deviceToken } })

    test('after too many wrong passwords the name is refused, the right password too, with the time to wait', async () => {
      const person = await context.auth.signUp()
      await failOften(context.auth, person.username, attempts)
      const refusal = await limited(logIn(person))
      assert.ok(
        refusal.retryMs !== undefined && refusal.retryMs > 14 * 60_000 && refusal.retryMs <= 15 * 60_000,
      )
    })

    test('a name that nobody has is limited alike', async () => {
      const [person, nobody] = [await context.auth.signUp(), toUniqueName()]
      await failOften(context.auth, person.username, attempts)
      await failOften(context.auth, nobody, attempts)
      const { bytes: _bytes, retryMs: _retryMs, ...known } = await limited(logIn(person, wrong))
      const call = context.auth.auth.login({ identifier: nobody.toUpperCase(), password: wrong })
      const { bytes: _others, retryMs: _later, ...unknown } = await limited(call)
      assert.deepEqual(unknown, known)
    })

    test('a success forgets the failures before it, of both names', async () => {
      const person = await context.auth.signUp()
      await failOften(context.auth, person.username, attempts - 1)
      await failOften(context.auth, person.email, attempts - 1)
      await logIn(person)
      await failOften(context.auth, person.username, attempts - 1)
      await failOften(context.auth, person.email, attempts - 1)
      await logIn(person)
    })

    test('who has logged in on a device before gets in while others hold the name locked', async () => {
      const person = await context.auth.signUp()
      const { tokens } = await logIn(person)
      assert.match(tokens?.deviceToken ?? '', /^[\w-]{36}$/)
      await failOften(context.auth, person.username, attempts)
      await limited(logIn(person))
      const again = await logIn(person, person.password, tokens?.deviceToken)
      assert.notEqual(again.tokens?.deviceToken, '')
      await limited(logIn(person))
    })

    test('a known device has a limit of its own, and nobody else is known by its token', async () => {
      const [person, other] = [await context.auth.signUp(), await context.auth.signUp()]
      const { tokens } = await logIn(person)
      const token = tokens?.deviceToken
      for (let at = 0; at < attempts; at += 1) await getRefusal(logIn(person, wrong, token))
      await limited(logIn(person, person.password, token))
      await logIn(person)
      await failOften(context.auth, other.username, attempts)
      await limited(logIn(other, other.password, token))
    })

    test('what is neither right nor wrong is not counted', async () => {
      const person = await context.auth.signUp()
      await failOften(context.auth, person.username, attempts - 1)
      const client = { clientId: 'x'.repeat(65) }
      await getRefusal(context.auth.auth.login({ identifier: person.username, password: wrong, client }))
      await failOften(context.auth, person.username, 1)
      await limited(logIn(person))
    })

    test('a new password and deletion forget what was counted', async () => {
      const person = await context.auth.signUp()
      await failOften(context.auth, person.username, attempts)
      const password = 'another correct horse battery'
      await context.auth.users.updateUser({ userId: person.id, password })
      await logIn(person, password)
      await failOften(context.auth, person.username, attempts)
      const before = await countRows(context.auth)
      await context.auth.users.deleteUser({ userId: person.id })
      assert.equal(before - (await countRows(context.auth)), 1)
    })

    test('ChangePassword is limited for its user', async () => {
      const person = await context.auth.signUp()
      const change = (currentPassword: string) =>
        context.auth.users.changePassword({
          userId: person.id,
          currentPassword,
          newPassword: 'a brand new password',
        })
      for (let at = 0; at < attempts; at += 1) {
        await assertRefused(change(wrong), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
      }
      await limited(change(person.password))
    })

    test('the failure that reaches the limit says so in its event, and the refusals after it tell nothing', async () => {
      const nobody = toUniqueName()
      await failOften(context.auth, nobody, attempts)
      await limited(context.auth.auth.login({ identifier: nobody, password: wrong }))
      const rows = await context.auth.database.kysely
        .selectFrom('outbox')
        .select('key')
        .where('event', '=', 'login_failed')
        .orderBy('position', 'desc')
        .limit(1)
        .execute()
      const events = await listEvents(context.auth, 'login_failed', rows[0]?.key ?? '')
      assert.deepEqual(
        events.map(({ limitReached }) => limitReached),
        [...Array.from({ length: attempts - 1 }, () => false), true],
      )
    })

    test('the table holds neither names nor addresses', async () => {
      const person = await context.auth.signUp()
      await failOften(context.auth, person.email, 1)
      const rows = await context.auth.database.kysely.selectFrom('rate_counters').select('key').execute()
      assert.ok(rows.length > 0)
      for (const { key } of rows) assert.match(key, /^[a-z_]+\.\d+\.[\w-]{24}$/)
    })

    test('a window that has ended begins anew', async () => {
      const person = await context.auth.signUp()
      await failOften(context.auth, person.username, attempts)
      await limited(logIn(person))
      const past = new Date(Date.now() - 1000)
      await context.auth.database.kysely.updateTable('rate_counters').set({ expires_at: past }).execute()
      // The instance remembers for a tenth of a second whom it has just refused.
      await until(async () => (await getRefusal(logIn(person, wrong))).reason === 'INVALID_CREDENTIALS')
      await failOften(context.auth, person.username, attempts - 1)
      await limited(logIn(person))
    })
  },
  { environment },
)

async function countRows({ database }: TestAuth): Promise<number> {
  const rows = await database.kysely.selectFrom('rate_counters').select('key').execute()
  return rows.filter(({ key }) => key.startsWith('login_account')).length
}

test('of 200 guesses at once over two instances exactly ten are looked at, and a restart keeps the count', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const open = () => openTestAuth({ databaseUrl: database.url })
  const { person, reasons } = await guessAtOnce(open)
  assert.equal(reasons.filter((reason) => reason === 'INVALID_CREDENTIALS').length, 10)
  assert.equal(reasons.filter((reason) => reason === 'TOO_MANY_LOGINS').length, 190)
  await using again = await open()
  await limited(again.logIn(person))
})

test('the whole has a limit, which known devices pass', async () => {
  await using auth = await openTestAuth({ environment: { AUTH_LOGIN_FAILURES: '3/1m' } })
  const person = await auth.signUp()
  const { deviceToken } = await auth.logIn(person)
  for (let at = 0; at < 3; at += 1) await failOften(auth, toUniqueName(), 1)
  await limited(auth.logIn(person))
  await auth.auth.login({ identifier: person.username, password: person.password, client: { deviceToken } })
})

test('without limits nothing is counted', async () => {
  await using auth = await openTestAuth({
    environment: { AUTH_LOGIN_ATTEMPTS: 'off', AUTH_LOGIN_FAILURES: 'off' },
  })
  await failOften(auth, toUniqueName(), 12)
  assert.deepEqual(await auth.database.kysely.selectFrom('rate_counters').selectAll().execute(), [])
})

test('a locked name answers no sooner than a wrong password', async () => {
  const options = {
    environment: { AUTH_LOGIN_ATTEMPTS: '1/15m' },
    overrides: { settings: { loginFloorMs: 120 } },
  }
  await using auth = await openTestAuth(options)
  const nobody = toUniqueName()
  await failOften(auth, nobody, 1)
  const startMs = performance.now()
  await limited(auth.auth.login({ identifier: nobody, password: wrong }))
  assert.ok(performance.now() - startMs >= 118)
})

test('what ends without a judgement, such as for want of a place to hash, is no failure', async () => {
  const passwords = { memoryKib: 4096, passes: 3, concurrency: 1, queueLength: 0 }
  await using auth = await openTestAuth({
    environment: { AUTH_LOGIN_ATTEMPTS: '100/15m' },
    overrides: { passwords },
  })
  const nobody = toUniqueName()
  const guess = () => getRefusal(auth.auth.login({ identifier: nobody, password: wrong }))
  const refusals = await Promise.all(Array.from({ length: 12 }, guess))
  const judged = refusals.filter(({ reason }) => reason === 'INVALID_CREDENTIALS').length
  assert.ok(judged < 12)
  const { points } = await auth.database.kysely
    .selectFrom('rate_counters')
    .select('points')
    .where('key', 'like', 'login_account%')
    .executeTakeFirstOrThrow()
  assert.equal(points, judged)
})

test('counters whose window has ended are deleted, others stay', async () => {
  await using auth = await openTestAuth()
  await failOften(auth, toUniqueName(), 1)
  const { kysely } = auth.database
  const rows = await kysely.selectFrom('rate_counters').select('key').execute()
  const past = new Date(Date.now() - 1000)
  await kysely
    .updateTable('rate_counters')
    .set({ expires_at: past })
    .where('key', 'like', 'login_account%')
    .execute()
  const ended = rows.filter(({ key }) => key.startsWith('login_account')).length
  assert.equal(ended, 2)
  assert.equal(await deleteEndedCounters(kysely, 1), 1)
  assert.equal(await deleteEndedCounters(kysely, 10), 1)
  assert.equal(await deleteEndedCounters(kysely, 10), 0)
  const left = await kysely.selectFrom('rate_counters').select('key').execute()
  assert.equal(left.length, rows.length - 2)
})

test('over the edge the cookie makes the device known, while others hold the name locked', async () => {
  await using auth = await openTestAuth({ environment: { AUTH_LOGIN_ATTEMPTS: '2/15m' } })
  const { username: identifier, password } = await auth.signUp()
  const logIn = (headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${auth.service.edgePort}/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ identifier, password }),
    })
  const first = await logIn()
  const cookie = first.headers.get('set-cookie') ?? ''
  assert.match(cookie, /^auth_device=[\w.-]+; .*HttpOnly; SameSite=Strict$/)
  await failOften(auth, identifier, 2)
  assert.equal((await logIn()).status, 429)
  assert.equal((await logIn({ cookie: cookie.split(';', 1)[0] ?? '' })).status, 200)
})
