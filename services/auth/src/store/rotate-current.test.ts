import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type { SessionId, UserId } from '../domain/ids.ts'
import { decideRefresh } from '../domain/refresh-rules.ts'
import type { Database } from './database.ts'
import { insertTestUser, origin, testOnBoth } from './outbox-testing.ts'
import { type CurrentToken, rotateCurrent } from './rotate-current.ts'
import { endSession, insertSession, lockSession } from './sessions.ts'
import { lockAccount, raiseTokenVersion } from './users.ts'

const idleMs = 60_000
const maxMs = 3_600_000
const toSecret = () => ({ tokenHash: randomBytes(32), nonce: randomBytes(32), derivationKeyId: 'k' })

async function openFamily(database: Database): Promise<CurrentToken> {
  const userId = await insertTestUser(database)
  const id = randomUUID() as SessionId
  const secret = toSecret()
  const session = { id, userId, client: { clientId: 'web', deviceName: '' }, origin }
  await database.transaction((trx) => insertSession(trx, session, secret, { idleMs, maxMs }))
  return { userId, sessionId: id, generation: 1, hash: secret.tokenHash, clientId: '' }
}

const rotate = (database: Database, token: CurrentToken) =>
  rotateCurrent(database, token, toSecret(), origin, idleMs)

function readFamily(database: Database, id: SessionId) {
  return database.transaction(async (trx) => await lockSession(trx, id))
}

testOnBoth(
  'the current token moves the family by one generation, by the clock of the database',
  async (_t, database) => {
    const token = await openFamily(database)
    const secret = toSecret()
    const rotated = await rotateCurrent(
      database,
      token,
      secret,
      { ip: '10.0.0.9', userAgent: 'phone' },
      idleMs,
    )
    const found = await readFamily(database, token.sessionId)
    assert.ok(rotated && found)
    const { session, now } = found
    assert.equal(session.generation, 2)
    assert.deepEqual(Buffer.from(session.tokenHash), secret.tokenHash)
    assert.deepEqual(Buffer.from(session.nonce), secret.nonce)
    assert.deepEqual(Buffer.from(session.previousTokenHash ?? []), Buffer.from(token.hash))
    assert.deepEqual([session.rotatedByIp, session.rotatedByUserAgent], ['10.0.0.9', 'phone'])
    assert.deepEqual(session.rotatedAt, rotated.issue.issuedAt)
    assert.equal(session.idleExpiresAt.getTime(), rotated.issue.issuedAt.getTime() + idleMs)
    assert.deepEqual(session.absoluteExpiresAt, rotated.issue.absoluteExpiresAt)
    assert.ok(Math.abs(now.getTime() - rotated.issue.issuedAt.getTime()) < 10_000)
    assert.deepEqual(
      [rotated.account.id, rotated.account.tokenVersion, rotated.clientId],
      [token.userId, 1, 'web'],
    )
  },
)

const state = fc.record({
  status: fc.constantFrom('ACTIVE', 'ACTIVE', 'ACTIVE', 'SUSPENDED'),
  isEnded: fc.boolean(),
  idleInMs: fc.constantFrom(-60_000, 60_000, 60_000),
  endsInMs: fc.constantFrom(-60_000, 120_000, 120_000),
  generation: fc.constantFrom(3, 3, 3, 2, 4),
  isCurrentHash: fc.constantFrom(true, true, false),
  clientId: fc.constantFrom('', 'web', 'ios'),
  isOwner: fc.constantFrom(true, true, true, false),
})

testOnBoth('it rotates exactly where the rule says so, and else changes nothing', async (_t, database) => {
  const other = await insertTestUser(database)
  await fc.assert(
    fc.asyncProperty(state, async (given) => {
      const family = await openFamily(database)
      const at = (ms: number) => new Date(Date.now() + ms)
      await database.kysely
        .updateTable('users')
        .set({ status: given.status as 'ACTIVE' })
        .where('id', '=', family.userId)
        .execute()
      const ends = { idle_expires_at: at(given.idleInMs), absolute_expires_at: at(given.endsInMs) }
      const row = { ...ends, generation: 3, ended_at: given.isEnded ? at(-1000) : null }
      await database.kysely.updateTable('sessions').set(row).where('id', '=', family.sessionId).execute()
      const token: CurrentToken = {
        userId: given.isOwner ? family.userId : other,
        sessionId: family.sessionId,
        generation: given.generation,
        hash: given.isCurrentHash ? family.hash : randomBytes(32),
        clientId: given.clientId,
      }
      const before = await readFamily(database, family.sessionId)
      assert.ok(before)
      const decision = decideRefresh(before.session, { ...token, ...origin }, before.now, 10_000)
      const expected = decision === 'rotate' && given.status === 'ACTIVE' && given.isOwner
      assert.equal((await rotate(database, token)) !== undefined, expected)
      const after = await readFamily(database, family.sessionId)
      if (!expected) assert.deepEqual(after?.session, before.session)
    }),
    { numRuns: 150 },
  )
})

testOnBoth('T3 of many at once one rotates', async (_t, database) => {
  const token = await openFamily(database)
  const answers = await Promise.all(Array.from({ length: 16 }, () => rotate(database, token)))
  assert.equal(answers.filter((answer) => answer !== undefined).length, 1)
  assert.equal((await readFamily(database, token.sessionId))?.session.generation, 2)
})

testOnBoth(
  'T10, R9 what was revoked while it waited for the user is not rotated',
  async (_t, database, adapter) => {
    // The embedded database has one connection: nothing waits there.
    if (adapter === 'PGlite') return
    const revocations = [
      (token: CurrentToken) => revokeWhile(database, token, (trx) => endSession(trx, token.sessionId)),
      (token: CurrentToken) =>
        revokeWhile(database, token, (trx) =>
          trx.updateTable('users').set({ status: 'SUSPENDED' }).where('id', '=', token.userId).execute(),
        ),
    ]
    for (const revoke of revocations) {
      const token = await openFamily(database)
      assert.equal(await revoke(token), undefined)
      assert.equal((await readFamily(database, token.sessionId))?.session.generation, 1)
    }
  },
)

testOnBoth(
  'R9 a token version raised while it waited is the one it answers with',
  async (_t, database, adapter) => {
    if (adapter === 'PGlite') return
    const token = await openFamily(database)
    const rotated = await revokeWhile(database, token, (trx) => raiseTokenVersion(trx, token.userId))
    assert.equal(rotated?.account.tokenVersion, 2)
  },
)

type Trx = Parameters<typeof endSession>[0]

/** Starts the rotation when another transaction has locked the user, which then does its work and commits. */
async function revokeWhile(database: Database, token: CurrentToken, work: (trx: Trx) => Promise<unknown>) {
  let rotating: ReturnType<typeof rotate> | undefined
  await database.transaction(async (trx) => {
    await lockAccount(trx, token.userId as UserId, 'update')
    rotating = rotate(database, token)
    await sleep(100)
    await work(trx)
  })
  return await rotating
}
