import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestRedis } from '../../../tools/parts/open-test-redis.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { guessAtOnce } from './guess-at-once.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { runAuthctl } from './run-authctl.ts'

const password = 'a wrong password'

test('counted in Redis, of 200 guesses at once over two instances exactly ten are looked at; restarts keep the count', async (t) => {
  const database = await openTestDatabase(t)
  const redis = database && (await openTestRedis(t))
  if (database === undefined || redis === undefined) return
  const open = () => openTestAuth({ databaseUrl: database.url, environment: { REDIS_URL: redis.url } })
  const { person, reasons } = await guessAtOnce(open)
  assert.equal(reasons.filter((reason) => reason === 'INVALID_CREDENTIALS').length, 10)
  assert.equal(reasons.filter((reason) => reason === 'TOO_MANY_LOGINS').length, 190)
  await redis.restart()
  await using again = await open()
  const refusal = await assertRefused(again.logIn(person), 'RESOURCE_EXHAUSTED', 'TOO_MANY_LOGINS')
  assert.ok((refusal.retryMs ?? 0) > 60_000)
  assert.deepEqual(await again.database.kysely.selectFrom('rate_counters').selectAll().execute(), [])
})

test('without Redis an instance counts by itself, and says so', async (t) => {
  const redis = await openTestRedis(t)
  if (redis === undefined) return
  await using auth = await openTestAuth({
    environment: { REDIS_URL: redis.url, AUTH_LOGIN_ATTEMPTS: '3/15m' },
  })
  const person = await auth.signUp()
  await auth.logIn(person)
  await redis.kill()
  const nobody = toUniqueName()
  for (let at = 0; at < 3; at += 1) {
    const call = auth.auth.login({ identifier: nobody, password })
    await assertRefused(call, 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
  }
  const call = auth.auth.login({ identifier: nobody, password })
  await assertRefused(call, 'RESOURCE_EXHAUSTED', 'TOO_MANY_LOGINS')
  await auth.logIn(person)
  const lines = auth.logged.filter(({ message }) => message.startsWith('Redis does not answer'))
  assert.equal(lines.length, 1)
  const metrics = await (await fetch(`http://127.0.0.1:${auth.service.adminPort}/metrics`)).text()
  assert.match(metrics, /^auth_redis_up 0$/m)
  assert.match(metrics, /^auth_limited_total\{reason="TOO_MANY_LOGINS"\} 1$/m)
})

test('a start without Redis serves, and counts by itself until Redis is there', async (t) => {
  const redis = await openTestRedis(t)
  if (redis === undefined) return
  await redis.stop()
  await using auth = await openTestAuth({ environment: { REDIS_URL: redis.url } })
  const person = await auth.signUp()
  await auth.logIn(person)
  await redis.start()
  while (!auth.logged.some(({ message }) => message === 'Redis counts attempts again'))
    await auth.logIn(person)
})

test('authctl shows and forgets what Redis has counted, and says so where Redis does not answer', async (t) => {
  const database = await openTestDatabase(t)
  const redis = database && (await openTestRedis(t))
  if (database === undefined || redis === undefined) return
  const environment = { REDIS_URL: redis.url, AUTH_LOGIN_ATTEMPTS: '1/15m' }
  await using auth = await openTestAuth({ databaseUrl: database.url, environment })
  const person = await auth.signUp()
  const identifier = person.email
  await assertRefused(auth.auth.login({ identifier, password }), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
  const run = (...args: string[]) =>
    runAuthctl({ DATABASE_URL: database.url, ...environment }, 'users', ...args)
  assert.match((await run('limits', person.id)).stdout, /login_account +1 of 1/)
  assert.match((await run('unlock', person.id)).stdout, /may log in again/)
  await auth.logIn(person)
  await redis.kill()
  const { code, stderr } = await run('unlock', person.id)
  assert.equal(code, 1)
  assert.match(stderr, /Redis does not answer, see REDIS_URL/)
})
