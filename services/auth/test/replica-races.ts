import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TokenPair, UserStatus } from '@immersiverse/auth-contract'
import type { Person, TestClients } from './open-test-auth.ts'
import { getVerdict, refresh } from './validations.ts'

/** People whose races run at the same time, each one after the other. */
const atOnce = 24

/** The races that revocation has to win on two replicas of one database: `races` of each kind. */
export function describeReplicaRaces(
  first: () => TestClients,
  second: () => TestClients,
  races: number,
): void {
  test('R2: after a logout on one, ValidateToken on the other refuses at once, though look-ups of the token are under way', async () => {
    const person = await first().signUp()
    let { accessToken } = await first().logIn(person)
    const finished = new AbortController()
    const others = Array.from({ length: 16 }, async () => {
      while (!finished.signal.aborted) await getVerdict(second(), accessToken)
    })
    for (let n = 0; n < 100; n += 1) {
      const tokens = await first().logIn(person)
      accessToken = tokens.accessToken
      assert.equal(await getVerdict(second(), accessToken), 'VALID')
      await first().auth.logout({ token: { case: 'accessToken', value: accessToken } })
      assert.equal(await getVerdict(second(), accessToken), 'REVOKED')
    }
    finished.abort()
    await Promise.all(others)
  })

  test(`R9: in ${races} races of a login against a suspension no token that came out works`, async () => {
    const people = await signUpMany()
    let came = 0
    await race(people, async (person, n) => {
      const [loginAt, suspendAt] = n % 2 === 0 ? [first(), second()] : [second(), first()]
      const logIn = loginAt.logIn(person)
      const suspend = (async () => {
        // A login takes several turns at the database: the suspension comes before, between and after them.
        for (let turns = n % 6; turns > 0; turns -= 1)
          await suspendAt.users.getUser({ by: { case: 'userId', value: person.id } })
        return await suspendAt.users.updateUser({ userId: person.id, status: UserStatus.SUSPENDED })
      })()
      const [login] = await Promise.allSettled([logIn, suspend])
      assert.equal((await suspend).user?.status, UserStatus.SUSPENDED)
      if (login.status === 'fulfilled') {
        came += 1
        await assertDead(login.value, 'USER_SUSPENDED')
      }
      await suspendAt.users.updateUser({ userId: person.id, status: UserStatus.ACTIVE })
      if (login.status === 'fulfilled') await assertDead(login.value, 'REVOKED')
    })
    assert.ok(came > 0 && came < races, `${came} logins came before their suspension: that was no race`)
  })

  test(`T10: in ${races} races of a refresh against a logout no token that came out works`, async () => {
    const people = await signUpMany()
    let came = 0
    await race(people, async (person, n) => {
      const [refreshAt, logoutAt] = n % 2 === 0 ? [first(), second()] : [second(), first()]
      const tokens = await first().logIn(person)
      const token = { case: 'accessToken' as const, value: tokens.accessToken }
      const [pair] = await Promise.allSettled([
        refresh(refreshAt, tokens.refreshToken),
        logoutAt.auth.logout({ token }),
      ])
      await assertDead(tokens, 'REVOKED')
      if (pair.status === 'rejected') return
      came += 1
      await assertDead(pair.value, 'REVOKED')
    })
    assert.ok(came > 0 && came < races, `${came} refreshes came before their logout: that was no race`)
  })

  async function signUpMany(): Promise<Person[]> {
    return await Promise.all(Array.from({ length: atOnce }, () => first().signUp()))
  }

  async function race(
    people: readonly Person[],
    run: (person: Person, n: number) => Promise<void>,
  ): Promise<void> {
    let next = 0
    const take = async (person: Person) => {
      for (let n = next++; n < races; n = next++) await run(person, n)
    }
    await Promise.all(people.map(take))
  }

  async function assertDead({ accessToken, refreshToken }: TokenPair, reason: string): Promise<void> {
    const verdicts = await Promise.all([first(), second()].map((replica) => getVerdict(replica, accessToken)))
    assert.deepEqual(verdicts, [reason, reason])
    const refreshes = await Promise.allSettled(
      [first(), second()].map((replica) => refresh(replica, refreshToken)),
    )
    for (const one of refreshes) assert.equal(one.status, 'rejected', 'a refresh token works')
  }
}
