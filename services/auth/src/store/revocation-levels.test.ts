import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { SessionId, UserId } from '../domain/ids.ts'
import type { NewRevocation } from '../domain/revocation.ts'
import { insertRevocations } from './append-revocations.ts'
import type { Database } from './database.ts'
import { settleEpoch } from './epoch.ts'
import { insertTestUser, origin, testInstallation, testOnBoth } from './outbox-testing.ts'
import { getDatabaseTime } from './revocations.ts'
import { makeSessionLookup } from './session-lookup.ts'
import { insertSession } from './sessions.ts'

const iat = 1_700_000_000
const secret = { tokenHash: Buffer.alloc(32), nonce: Buffer.alloc(32), derivationKeyId: 'key' }

/** What is said on one level about a token, and whether that revokes it. */
interface Said<T> {
  readonly value: T
  readonly revokes: boolean
}

/** Each level: absent, about others, about older tokens, about this very one or newer ones, and zero. */
const levels = {
  token: [
    { value: 'absent', revokes: false },
    { value: 'other', revokes: false },
    { value: 'own', revokes: true },
  ],
  session: [
    { value: 'absent', revokes: true },
    { value: 'live', revokes: false },
    { value: 'ended', revokes: true },
  ],
  // The user's version against the token's, which is 5.
  user: [0, 4, 5, 6].map((value) => ({ value, revokes: value > 5 })),
  key: [
    { value: 'absent', revokes: false },
    { value: 'other', revokes: false },
    { value: 'own', revokes: true },
  ],
  issuer: [
    { value: undefined, revokes: false },
    ...[0, iat - 1, iat, iat + 1].map((value) => ({ value, revokes: value >= iat })),
  ],
} satisfies Record<string, readonly Said<unknown>[]>

function* combine() {
  for (const token of levels.token)
    for (const session of levels.session)
      for (const user of levels.user)
        for (const key of levels.key)
          for (const issuer of levels.issuer) yield { token, session, user, key, issuer }
}

testOnBoth('R3 R8 every combination of levels is the OR of all', async (_t, database) => {
  await database.transaction((trx) => settleEpoch(trx, testInstallation))
  await insertOthers(database)
  const tokens = new Map<number | undefined, { revokes: boolean; levels: string; token: LookedUp }[]>()
  for (const said of combine()) {
    const row = {
      token: await database.transaction((trx) => prepare(trx, said)),
      revokes: Object.values(said).some(({ revokes }) => revokes),
      levels: JSON.stringify(said),
    }
    const group = tokens.get(said.issuer.value) ?? []
    tokens.set(said.issuer.value, [...group, row])
  }
  // One statement for all tokens of an issuer's state: its entry covers them all.
  for (const [until, group] of tokens) {
    await setIssuer(database, until)
    const lookup = makeSessionLookup(database, testInstallation.issuer)
    const answers = await Promise.all(group.map(({ token }) => lookup.ask(token)))
    for (const [at, { token, revokes, levels: said }] of group.entries()) {
      assert.equal(answers[at]?.findFault(token), revokes ? 'REVOKED' : undefined, said)
    }
  }
})

type LookedUp = Parameters<ReturnType<typeof makeSessionLookup>['ask']>[0]
type Transaction = Parameters<typeof insertRevocations>[0]
type Combination = ReturnType<typeof combine> extends Generator<infer T> ? T : never

const options = { newId: randomUUID, coverMs: 660_000 }

async function prepare(trx: Transaction, { token, session, user, key }: Combination): Promise<LookedUp> {
  const [userId, sid] = [randomUUID() as UserId, randomUUID() as SessionId]
  await insertUserWithVersion(trx, userId, user.value)
  if (session.value !== 'absent') {
    const facts = { id: sid, userId, client: { clientId: 'web', deviceName: '' }, origin }
    await insertSession(trx, facts, secret, { idleMs: 1e6, maxMs: 1e6 })
  }
  if (session.value === 'ended')
    await sql`update sessions set ended_at = now() where id = ${sid}`.execute(trx)
  const [jti, keyId] = [randomUUID(), key.value === 'own' ? 'revoked key' : 'key']
  const entries: NewRevocation[] = []
  if (token.value === 'own') entries.push({ type: 'TOKEN', subject: jti, reason: 'LOGOUT' })
  if (token.value === 'other') entries.push({ type: 'TOKEN', subject: randomUUID(), reason: 'LOGOUT' })
  await insertRevocations(trx, entries, options)
  return { keyId, claims: { jti, sid, sub: userId, tv: 5, iat } }
}

async function insertUserWithVersion(trx: Transaction, id: UserId, tv: number): Promise<void> {
  const names = { username: id, username_key: id, email: id, email_key: id }
  const rest = { display_name: '', password_hash: 'none' }
  await trx
    .insertInto('users')
    .values({ id, tv, status: 'ACTIVE', roles: [], ...names, ...rest })
    .execute()
}

/** Keys and issuers are not of a token: they are there from the beginning. */
async function insertOthers(database: Database): Promise<void> {
  await database.transaction((trx) =>
    insertRevocations(
      trx,
      [
        { type: 'KEY', subject: 'revoked key', reason: 'LOGOUT' },
        { type: 'KEY', subject: 'key of somebody', reason: 'LOGOUT' },
        { type: 'ISSUER', subject: 'https://other.test', until: new Date(4e12), reason: 'EPOCH_CHANGED' },
      ],
      options,
    ),
  )
}

async function setIssuer(database: Database, until: number | undefined): Promise<void> {
  const { issuer: subject } = testInstallation
  await database.kysely.deleteFrom('revocations').where('subject', '=', subject).execute()
  if (until === undefined) return
  const entry = { type: 'ISSUER', subject, until: new Date(until * 1000), reason: 'EPOCH_CHANGED' } as const
  await database.transaction((trx) => insertRevocations(trx, [entry], options))
}

testOnBoth(
  'a new epoch revokes what was issued up to its second, and nothing is issued before the next',
  async (_t, database) => {
    const epoch = await database.transaction((trx) => settleEpoch(trx, testInstallation))
    assert.equal(await database.transaction((trx) => settleEpoch(trx, testInstallation)), epoch)
    const userId = await insertTestUser(database)
    await sql`update epoch set timeline = timeline - 1`.execute(database.kysely)
    const lookup = makeSessionLookup(database, testInstallation.issuer)
    const claims = { jti: randomUUID(), sid: randomUUID(), sub: userId, tv: 1, iat }
    await assert.rejects(lookup.ask({ keyId: 'key', claims }), { reason: 'DATABASE_UNAVAILABLE' })
    const logIn = () =>
      database.transaction((trx) => {
        const id = randomUUID() as SessionId
        const session = { id, userId, client: { clientId: 'web', deviceName: '' }, origin }
        return insertSession(trx, session, secret, { idleMs: 1e6, maxMs: 1e6 })
      })
    const settled = database.transaction((trx) => settleEpoch(trx, testInstallation))
    const issues = await Promise.all(Array.from({ length: 20 }, logIn))
    assert.notEqual(await settled, epoch)
    const [entry] = await database.kysely.selectFrom('revocations').selectAll().execute()
    assert.equal(entry?.type, 'ISSUER')
    assert.equal(entry?.subject, testInstallation.issuer)
    assert.equal(entry?.expires_at, null)
    const until = entry?.until?.getTime() ?? 0
    assert.equal(until % 1000, 0)
    const after = await getDatabaseTime(database.kysely)
    assert.ok(after.getTime() >= until + 1000)
    // Whoever read the clock of that second or before committed before the entry, which covers it.
    const committedAt = entry?.committed_at.getTime() ?? 0
    for (const { issuedAt } of issues) {
      const second = Math.floor(issuedAt.getTime() / 1000) * 1000
      assert.ok(second > until || issuedAt.getTime() <= committedAt)
    }
  },
)
