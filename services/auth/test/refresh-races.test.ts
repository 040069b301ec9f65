import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../../../tools/parts/create-test-database.ts'
import { sharedPostgres } from '../../../tools/parts/shared-postgres.ts'
import { countThefts, getFamily, passTime } from './families.ts'
import { openTestAuth, type TestAuth } from './open-test-auth.ts'
import { getRefusal } from './refusals.ts'
import { getVerdict, refresh } from './validations.ts'

const postgres = await sharedPostgres()
const skip = 'skipReason' in postgres && postgres.skipReason

describe('RefreshToken on two replicas', { skip }, () => {
  let database: TestDatabase
  let one: TestAuth
  let two: TestAuth

  before(async () => {
    const made = await createTestDatabase()
    if ('skipReason' in made) throw new Error(made.skipReason)
    database = made
    const open = () => openTestAuth({ databaseUrl: database.url })
    ;[one, two] = [await open(), await open()]
  })

  after(async () => {
    await Promise.all([one?.close(), two?.close()])
    await database?.close()
  })

  const signIn = async () => {
    const person = await one.signUp()
    return { person, tokens: await one.logIn(person) }
  }

  for (const count of [2, 8, 64]) {
    test(`T1 T3: ${count} refreshes at once over two replicas are one rotation, and all get the same successor`, async () => {
      const { person, tokens } = await signIn()
      const calls = Array.from({ length: count }, (_, n) =>
        refresh(n % 2 === 0 ? one : two, tokens.refreshToken),
      )
      const pairs = await Promise.all(calls)
      assert.equal(new Set(pairs.map(({ refreshToken }) => refreshToken)).size, 1)
      assert.equal((await getFamily(one, tokens.sessionId)).generation, 2)
      for (const { accessToken } of pairs) assert.equal(await getVerdict(two, accessToken), 'VALID')
      await refresh(two, pairs[0]?.refreshToken ?? '')
      assert.equal(await countThefts(one, person.id, tokens.sessionId), 0)
    })
  }

  test('T1: a chain refreshed by two parties at every step never forks', async () => {
    const { tokens } = await signIn()
    let current = tokens.refreshToken
    for (let generation = 2; generation <= 12; generation += 1) {
      const pairs = await Promise.all([one, two, one, two].map((replica) => refresh(replica, current)))
      const leaves = new Set(pairs.map(({ refreshToken }) => refreshToken))
      assert.equal(leaves.size, 1)
      assert.equal((await getFamily(one, tokens.sessionId)).generation, generation)
      current = [...leaves][0] ?? ''
    }
  })

  test('T8: many that show a stolen token at once to both replicas are told as one theft', async () => {
    const { person, tokens } = await signIn()
    const thief = await refresh(one, tokens.refreshToken)
    await passTime(one, tokens.sessionId, 10)
    const calls = Array.from({ length: 16 }, (_, n) =>
      getRefusal((n % 2 === 0 ? one : two).auth.refreshToken({ refreshToken: tokens.refreshToken })),
    )
    const refusals = await Promise.all(calls)
    assert.equal(new Set(refusals.map(({ bytes }) => bytes)).size, 1)
    assert.equal(await countThefts(one, person.id, tokens.sessionId), 1)
    assert.equal(await getVerdict(two, thief.accessToken), 'REVOKED')
  })

  test('T10: of refreshes and a logout at once nothing that came out works, on either replica', async () => {
    for (let n = 0; n < 40; n += 1) {
      const { tokens } = await signIn()
      const racing = [one, two, one].map((replica) => refresh(replica, tokens.refreshToken))
      const logout = two.auth.logout({ token: { case: 'refreshToken', value: tokens.refreshToken } })
      const [settled] = await Promise.all([Promise.allSettled(racing), logout])
      for (const pair of settled) {
        if (pair.status === 'rejected') continue
        assert.equal(await getVerdict(one, pair.value.accessToken), 'REVOKED')
        await getRefusal(two.auth.refreshToken({ refreshToken: pair.value.refreshToken }))
      }
    }
  })
})

test('with a grace of 0 a retry is a theft', async () => {
  await using auth = await openTestAuth({ environment: { AUTH_REFRESH_GRACE: '0s' } })
  const person = await auth.signUp()
  const tokens = await auth.logIn(person)
  await refresh(auth, tokens.refreshToken)
  await getRefusal(auth.auth.refreshToken({ refreshToken: tokens.refreshToken }))
  assert.equal(await countThefts(auth, person.id, tokens.sessionId), 1)
})

test('T11: a refusal comes no sooner than the floor, whatever was wrong', async () => {
  await using auth = await openTestAuth({ overrides: { settings: { refreshFloorMs: 80 } } })
  const tokens = await auth.logIn(await auth.signUp())
  await auth.auth.logout({ token: { case: 'accessToken', value: tokens.accessToken } })
  for (const refreshToken of ['nothing', tokens.refreshToken]) {
    const startMs = performance.now()
    await getRefusal(auth.auth.refreshToken({ refreshToken }))
    assert.ok(performance.now() - startMs >= 78)
  }
})
