import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TokenPair, UserStatus } from '@immersiverse/auth-contract'
import type { Person } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { getVerdict, readPayload, refresh, type Verdict } from './validations.ts'

/** protocols.md §0, "What each change revokes": a person with two sessions, a change, and what is left of each. */
interface Effect {
  readonly change: string
  readonly by: (at: { person: Person; one: TokenPair; two: TokenPair }) => Promise<unknown>
  /** What ValidateToken says of the two access tokens that were out. */
  readonly access: readonly [Verdict, Verdict]
  /** Whether the two refresh tokens still work. */
  readonly refreshes: readonly [boolean, boolean]
  readonly tokenVersionRises: 0 | 1
}

describeOnStores('What each change revokes', (context) => {
  const update = (person: Person, wishes: object) =>
    context.auth.users.updateUser({ userId: person.id, ...wishes })
  const logOut = ({ accessToken }: TokenPair, allSessions = false) =>
    context.auth.auth.logout({ token: { case: 'accessToken', value: accessToken }, allSessions })
  const changePassword = (person: Person, keepSessionId = '') =>
    context.auth.users.changePassword({
      userId: person.id,
      currentPassword: person.password,
      newPassword: 'another long password',
      keepSessionId,
    })
  const nothing = { access: ['VALID', 'VALID'], refreshes: [true, true], tokenVersionRises: 0 } as const
  const everything = {
    access: ['REVOKED', 'REVOKED'],
    refreshes: [false, false],
    tokenVersionRises: 1,
  } as const

  const effects: Effect[] = [
    {
      change: 'Logout ends that session',
      by: ({ one }) => logOut(one),
      access: ['REVOKED', 'VALID'],
      refreshes: [false, true],
      tokenVersionRises: 0,
    },
    { change: 'Logout of all sessions ends all', by: ({ one }) => logOut(one, true), ...everything },
    {
      change: 'suspending ends all sessions, and the tokens are told as suspended',
      by: ({ person }) => update(person, { status: UserStatus.SUSPENDED }),
      ...everything,
      access: ['USER_SUSPENDED', 'USER_SUSPENDED'],
    },
    {
      change: 'suspending and reinstating ends all sessions',
      by: async ({ person }) => {
        await update(person, { status: UserStatus.SUSPENDED })
        await update(person, { status: UserStatus.ACTIVE })
      },
      ...everything,
    },
    {
      change: 'deleting ends all sessions, and the tokens are told as deleted',
      by: ({ person }) => context.auth.users.deleteUser({ userId: person.id }),
      ...everything,
      access: ['USER_DELETED', 'USER_DELETED'],
    },
    {
      change: 'a password changed by its owner ends all sessions',
      by: ({ person }) => changePassword(person),
      ...everything,
    },
    {
      change: 'a password changed by its owner keeps the named session, whose client refreshes',
      by: ({ person, one }) => changePassword(person, one.sessionId),
      ...everything,
      refreshes: [true, false],
    },
    {
      change: 'a password set by a service ends all sessions',
      by: ({ person }) => update(person, { password: 'another long password' }),
      ...everything,
    },
    {
      change: 'new roles end the access tokens, sessions stay and clients refresh',
      by: ({ person }) => update(person, { roles: { roles: ['moderator'] } }),
      ...everything,
      refreshes: [true, true],
    },
    {
      change: 'a new tier ends nothing',
      by: ({ person }) => update(person, { subscriptionTier: 'PREMIUM' }),
      ...nothing,
    },
    {
      change: 'a new display name ends nothing',
      by: ({ person }) => update(person, { displayName: 'Mina' }),
      ...nothing,
    },
    {
      change: 'a new e-mail address ends nothing',
      by: ({ person }) => update(person, { email: `new-${person.email}` }),
      ...nothing,
    },
  ]

  for (const effect of effects) {
    test(effect.change, async () => {
      const person = await context.auth.signUp()
      const [one, two] = [await context.auth.logIn(person), await context.auth.logIn(person)]
      await effect.by({ person, one, two })
      const access = await Promise.all([one, two].map((pair) => getVerdict(context.auth, pair.accessToken)))
      assert.deepEqual(access, effect.access)
      assert.equal((await getTokenVersion(person)) - 1, effect.tokenVersionRises)
      for (const [n, pair] of [one, two].entries()) await assertRefresh(pair, effect.refreshes[n] === true)
    })
  }

  async function assertRefresh(pair: TokenPair, works: boolean): Promise<void> {
    if (works) {
      const next = await refresh(context.auth, pair.refreshToken)
      assert.equal(await getVerdict(context.auth, next.accessToken), 'VALID')
    } else {
      const call = context.auth.auth.refreshToken({ refreshToken: pair.refreshToken })
      await assertRefused(call, 'UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN')
    }
  }

  /** The suspension that was lifted counts once: reinstating revokes nothing more. */
  async function getTokenVersion({ id }: Person): Promise<number> {
    const { kysely } = context.auth.database
    const row = await kysely.selectFrom('users').select('tv').where('id', '=', id).executeTakeFirstOrThrow()
    return row.tv
  }

  test('tokens show a new tier, name and roles at the next refresh, GetUser at once', async () => {
    const person = await context.auth.signUp()
    const tokens = await context.auth.logIn(person)
    await update(person, { subscriptionTier: 'PREMIUM', roles: { roles: ['moderator'] } })
    const { user } = await context.auth.users.getUser({ by: { case: 'userId', value: person.id } })
    assert.equal(user?.subscriptionTier, 'PREMIUM')
    assert.equal(readPayload(tokens.accessToken).tier, '')
    const next = await refresh(context.auth, tokens.refreshToken)
    const { tier, roles, sid } = readPayload(next.accessToken)
    assert.deepEqual({ tier, roles, sid }, { tier: 'PREMIUM', roles: ['moderator'], sid: tokens.sessionId })
  })

  test('a login of the same second as a revocation works, the token before it does not', async () => {
    const person = await context.auth.signUp()
    const before = await context.auth.logIn(person)
    await update(person, { roles: { roles: ['moderator'] } })
    const after = await context.auth.logIn(person)
    assert.equal(await getVerdict(context.auth, before.accessToken), 'REVOKED')
    assert.equal(await getVerdict(context.auth, after.accessToken), 'VALID')
  })
})
