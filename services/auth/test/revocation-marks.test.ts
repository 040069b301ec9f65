import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Revocation,
  type RevocationMark,
  RevocationReason,
  RevocationType,
  type TokenPair,
  UserStatus,
} from '@immersiverse/auth-contract'
import { until } from '../src/store/outbox-testing.ts'
import type { Person } from './open-test-auth.ts'
import { describeOnStores, type StoreContext } from './stores.ts'

interface At {
  readonly person: Person
  readonly one: TokenPair
}

/** One row of protocols.md §0: a change, and the entry it writes. */
interface Row {
  readonly change: string
  readonly by: (at: At) => Promise<RevocationMark | undefined>
  readonly entry?: 'session' | 'user'
  readonly reason?: RevocationReason
  /** A refusal has no mark, but revokes. */
  readonly hasMark?: false
}

describeOnStores('Every revoking call', (context) => {
  const update = async (person: Person, wishes: object) =>
    (await context.auth.users.updateUser({ userId: person.id, ...wishes })).revocation
  const logOut = async ({ accessToken: value }: TokenPair, allSessions = false) =>
    (await context.auth.auth.logout({ token: { case: 'accessToken', value }, allSessions })).revocation
  const changePassword = async ({ id: userId, password }: Person, keepSessionId = '') => {
    const newPassword = 'another long password'
    const change = { userId, currentPassword: password, newPassword, keepSessionId }
    return (await context.auth.users.changePassword(change)).revocation
  }
  const reuse = async ({ one: { refreshToken } }: At) => {
    for (let n = 0; n < 2; n += 1) {
      const { tokens } = await context.auth.auth.refreshToken({ refreshToken })
      if (n === 0) await context.auth.auth.refreshToken({ refreshToken: tokens?.refreshToken ?? '' })
    }
    return undefined
  }

  const rows: Row[] = [
    { change: 'Logout', by: ({ one }) => logOut(one), entry: 'session', reason: RevocationReason.LOGOUT },
    {
      change: 'RevokeSession',
      by: async ({ person, one: { sessionId } }) =>
        (await context.auth.auth.revokeSession({ userId: person.id, sessionId })).revocation,
      entry: 'session',
      reason: RevocationReason.SESSION_REVOKED,
    },
    {
      change: 'Logout of all sessions',
      by: ({ one }) => logOut(one, true),
      entry: 'user',
      reason: RevocationReason.LOGOUT_ALL,
    },
    {
      change: 'suspending',
      by: ({ person }) => update(person, { status: UserStatus.SUSPENDED, roles: { roles: ['a'] } }),
      entry: 'user',
      reason: RevocationReason.USER_SUSPENDED,
    },
    {
      change: 'deleting',
      by: async ({ person }) => (await context.auth.users.deleteUser({ userId: person.id })).revocation,
      entry: 'user',
      reason: RevocationReason.USER_DELETED,
    },
    {
      change: 'a password changed by its owner, one session kept',
      by: ({ person, one }) => changePassword(person, one.sessionId),
      entry: 'user',
      reason: RevocationReason.PASSWORD_CHANGED,
    },
    {
      change: 'a password set by a service',
      by: ({ person }) => update(person, { password: 'another long password' }),
      entry: 'user',
      reason: RevocationReason.PASSWORD_CHANGED,
    },
    {
      change: 'new roles',
      by: ({ person }) => update(person, { roles: { roles: ['moderator'] } }),
      entry: 'user',
      reason: RevocationReason.ROLES_CHANGED,
    },
    { change: 'a new tier', by: ({ person }) => update(person, { subscriptionTier: 'PREMIUM' }) },
    { change: 'no change', by: ({ person }) => update(person, { displayName: person.username }) },
    {
      change: 'a refresh token used after its successor',
      by: (at) => reuse(at).catch(() => undefined),
      entry: 'session',
      reason: RevocationReason.REFRESH_TOKEN_REUSED,
      hasMark: false,
    },
  ]

  for (const row of rows) {
    test(`${row.change} gives the same entries in mark, table, snapshot and stream`, async () => {
      const person = await context.auth.signUp()
      const one = await context.auth.logIn(person)
      await using watch = await openWatch(context)
      const mark = await row.by({ person, one })
      const expected = row.entry === undefined ? [] : [toExpected(row, person, one)]
      if (row.hasMark !== false) assert.deepEqual(mark?.entries.map(toFacts), expected)
      await until(() => watch.entries.length === expected.length, 10_000)
      assert.deepEqual(watch.entries.map(toFacts), expected)
      const subjects = new Set([person.id, one.sessionId])
      const inSnapshot = (await readSnapshot(context)).filter(({ subject }) => subjects.has(subject))
      assert.deepEqual(inSnapshot, watch.entries)
      const table = await context.auth.database.kysely.selectFrom('revocations').selectAll().execute()
      const written = table.filter(({ subject }) => subjects.has(subject))
      assert.deepEqual(
        written.map(({ id, rseq }) => [id, BigInt(rseq ?? 0)]),
        watch.entries.map(({ eventId, rseq }) => [eventId, rseq]),
      )
      const ids = watch.entries.map(({ eventId }) => eventId)
      if (mark && expected.length > 0)
        assert.deepEqual(
          mark.entries.map(({ eventId }) => eventId),
          ids,
        )
      for (const entry of watch.entries) assertLife(entry)
    })
  }

  test('the status tells the number and the clock, and every call the same epoch', async () => {
    const one = await context.auth.logIn(await context.auth.signUp())
    const mark = await logOut(one)
    await until(async () => (await context.auth.auth.getRevocationStatus({})).asOf !== undefined)
    const status = await context.auth.auth.getRevocationStatus({})
    assert.equal(status.epoch, mark?.epoch)
    assert.ok(status.rseqHi > 0n)
    const { seconds = 0n } = status.databaseTime ?? {}
    assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 5)
    const again = await logOut(one)
    assert.deepEqual(again?.entries, [])
  })
})

function toExpected({ entry, reason }: Row, person: Person, { sessionId }: TokenPair) {
  if (entry === 'session') return { type: RevocationType.SESSION, subject: sessionId, minTv: 0n, reason }
  return { type: RevocationType.USER, subject: person.id, minTv: 2n, reason }
}

function toFacts({ type, subject, minTv, reason }: Revocation) {
  return { type, subject, minTv, reason }
}

/** Access tokens live 10 min here, clocks are at most 60 s apart. */
function assertLife({ committedAt, expiresAt, until: issuedUntil }: Revocation): void {
  assert.equal(Number((expiresAt?.seconds ?? 0n) - (committedAt?.seconds ?? 0n)), 660)
  assert.equal(issuedUntil, undefined)
}

/** Watches from now on, once the stream stands. */
async function openWatch({ auth }: StoreContext): Promise<{ entries: Revocation[] } & AsyncDisposable> {
  const stream = auth.auth.watchRevocations({})
  const entries: Revocation[] = []
  const stands = Promise.withResolvers<void>()
  stream.on('error', (error) => stands.reject(error))
  stream.on('data', ({ item }) => {
    if (item.case === 'revocation') entries.push(item.value)
    stands.resolve()
  })
  await stands.promise
  return { entries, [Symbol.asyncDispose]: async () => stream.cancel() }
}

async function readSnapshot({ auth }: StoreContext): Promise<Revocation[]> {
  const entries: Revocation[] = []
  let end: object | undefined
  for await (const { item } of auth.auth.getRevocationSnapshot({})) {
    if (item.case === 'chunk') entries.push(...item.value.entries)
    else end = item.value
  }
  assert.ok(end, 'a snapshot without its end')
  return entries
}
