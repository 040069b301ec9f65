import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { openTcpProxy } from '../../../tools/parts/tcp-proxy.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { until } from '../src/store/outbox-testing.ts'
import { countThefts, getFamily } from './families.ts'
import { openTestAuth } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { getVerdict, refresh } from './validations.ts'

const unavailable = ['UNAVAILABLE', 'DATABASE_UNAVAILABLE'] as const

test('while the database is gone every call is UNAVAILABLE, a token is never called invalid, and all goes on after', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const url = new URL(database.url)
  await using proxy = await openTcpProxy({ port: Number(url.port || 5432), host: url.hostname })
  url.host = `127.0.0.1:${proxy.port}`
  await using auth = await openTestAuth({ databaseUrl: url.href })
  const person = await auth.signUp()
  const tokens = await auth.logIn(person)
  const isReady = async () =>
    (await fetch(`http://127.0.0.1:${auth.service.adminPort}/readyz`)).status === 200
  const { accessToken } = tokens
  assert.equal(await isReady(), true)

  proxy.cut('reset')
  await assertRefused(auth.auth.validateToken({ accessToken }), ...unavailable)
  await assertRefused(auth.logIn(person), ...unavailable)
  await assertRefused(auth.auth.refreshToken({ refreshToken: tokens.refreshToken }), ...unavailable)
  await assertRefused(
    auth.auth.logout({ token: { case: 'accessToken', value: accessToken } }),
    ...unavailable,
  )
  await assertRefused(auth.users.getUser({ by: { case: 'userId', value: person.id } }), ...unavailable)
  await assertRefused(auth.signUp(), ...unavailable)
  assert.equal(await isReady(), false)
  assert.equal(await getVerdict(auth, 'nothing'), 'MALFORMED', 'what needs no database is still answered')

  proxy.heal()
  await until(isReady)
  assert.equal(await getVerdict(auth, accessToken), 'VALID')
  await refresh(auth, tokens.refreshToken)
  await auth.signUp()
})

test('a lock that is held too long is UNAVAILABLE, never a theft, and the same token works after', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  await using auth = await openTestAuth({ databaseUrl: database.url })
  const person = await auth.signUp()
  const tokens = await auth.logIn(person)
  const holder = new pg.Client({ connectionString: database.url })
  await holder.connect()
  await holder.query('begin')
  await holder.query('select from sessions where id = $1 for update', [tokens.sessionId])
  const before = await getFamily(auth, tokens.sessionId)
  await assertRefused(auth.auth.refreshToken({ refreshToken: tokens.refreshToken }), ...unavailable)
  await holder.query('rollback')
  await holder.end()
  assert.deepEqual(await getFamily(auth, tokens.sessionId), before)
  await refresh(auth, tokens.refreshToken)
  assert.equal(await countThefts(auth, person.id, tokens.sessionId), 0)
})
