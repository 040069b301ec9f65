import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { CompiledQuery, type Kysely, sql } from 'kysely'
import type { SessionId } from '../../../../services/auth/src/domain/ids.ts'
import type { Database } from '../../../../services/auth/src/store/database.ts'
import {
  insertTestUser,
  openTestPostgres,
  origin,
} from '../../../../services/auth/src/store/outbox-testing.ts'
import { getDatabaseTime } from '../../../../services/auth/src/store/revocations.ts'
import type { Schema } from '../../../../services/auth/src/store/schema.ts'
import { endUserSessions, insertSession, lockSession } from '../../../../services/auth/src/store/sessions.ts'
import { lockAccount, updateUser } from '../../../../services/auth/src/store/users.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { findByKey, readTable } from '../statements/read-table.ts'
import { updateRow } from '../tables/change-row.ts'
import { lockRow } from '../tables/lock-row.ts'
import { strengths } from '../tables/row.ts'
import { openModelInRealTime } from '../testing.ts'

/** Locks and ends in one statement: what protocols.md §0 warns of. */
const endAtOnce = `with locked as (select id from users where id = $1 for update)
  update sessions set ended_at = clock_timestamp() from locked where sessions.user_id = locked.id and ended_at is null`

const endAtOnceModel: StatementModel = function* (at) {
  const user = findByKey(at, 'users', at.parameters[0])
  const isLive = (row: Readonly<Record<string, unknown>>) =>
    row.user_id === at.parameters[0] && row.ended_at === null
  const seen = readTable(at, 'sessions', isLive)
  if (user) yield* lockRow(at.transaction, user.row, user.seen, strengths.update, () => true)
  for (const one of seen) yield* updateRow(at, one, isLive, (row) => ({ ...row, ended_at: at.readClock() }))
  return { ...toSelected([]), command: 'UPDATE' }
}

/** Runs a test on PostgreSQL and on the model, which have to behave alike. */
function testAlike(title: string, body: (database: Database) => Promise<void>): void {
  test(`PostgreSQL: ${title}`, async (t: TestContext) => {
    const opened = await openTestPostgres(t)
    if (opened) await body(opened.database)
  })
  test(`model: ${title}`, async (t: TestContext) => {
    const { database } = openModelInRealTime({ statements: new Map([[endAtOnce, endAtOnceModel]]) })
    t.after(() => database.close())
    await body(database)
  })
}

async function open(trx: Parameters<typeof insertSession>[0], userId: Parameters<typeof lockAccount>[1]) {
  const id = randomUUID() as SessionId
  const secret = { tokenHash: Buffer.alloc(32), nonce: Buffer.alloc(32), derivationKeyId: 'key' }
  const facts = { id, userId, client: { clientId: 'web', deviceName: '' }, origin }
  await insertSession(trx, facts, secret, { idleMs: 1e6, maxMs: 1e6 })
  return id
}

/** A login, and a revocation that begins before its commit; whether the session is ended when both are over. */
async function race(database: Database, revoke: (db: Kysely<Schema>, userId: string) => Promise<unknown>) {
  const userId = await insertTestUser(database)
  let revoking: Promise<unknown> | undefined
  const id = await database.transaction(async (trx) => {
    await lockAccount(trx, userId, 'share')
    const opened = await open(trx, userId)
    revoking = revoke(database.kysely, userId)
    await new Promise((resolve) => setTimeout(resolve, 200))
    return opened
  })
  await revoking
  const row = await database.kysely
    .selectFrom('sessions')
    .select('ended_at')
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.ended_at !== null
}

testAlike(
  'one statement that locks the user and ends sessions misses one committed while it waited',
  async (database) => {
    const isEnded = await race(database, (kysely, userId) =>
      kysely.executeQuery(CompiledQuery.raw(endAtOnce, [userId])),
    )
    assert.equal(isEnded, false)
  },
)

testAlike(
  'two statements do not: the second sees what was committed while the first waited',
  async (database) => {
    const isEnded = await race(database, (kysely, userId) =>
      kysely.transaction().execute(async (trx) => {
        await lockAccount(trx, userId as never, 'update')
        await endUserSessions(trx, userId as never)
      }),
    )
    assert.equal(isEnded, true)
  },
)

testAlike(
  'the clock that a locking query reads is that before the wait, unless the row has changed',
  async (database) => {
    const userId = await insertTestUser(database)
    const id = await database.transaction((trx) => open(trx, userId))
    for (const changes of [false, true]) {
      let waiting: Promise<Date | undefined> | undefined
      let before: Date | undefined
      await database.transaction(async (trx) => {
        await lockSession(trx, id)
        if (changes) await sql`update sessions set device_name = 'new' where id = ${id}`.execute(trx)
        waiting = database.transaction(async (other) => (await lockSession(other, id))?.now)
        await new Promise((resolve) => setTimeout(resolve, 200))
        before = await getDatabaseTime(trx)
      })
      const now = await waiting
      assert.ok(now && before)
      assert.equal(now >= before, changes)
    }
  },
)

testAlike(
  'a name that an uncommitted change gives back is waited for, and had if that commits',
  async (database) => {
    for (const commits of [true, false]) {
      const [one, two] = [await insertTestUser(database), await insertTestUser(database)]
      let waiting: Promise<unknown> | undefined
      const change = database.transaction(async (trx) => {
        await updateUser(trx, one, { email: `${one}@example.org` }, false)
        waiting = database
          .transaction((other) => updateUser(other, two, { email: `${one}` }, false))
          .catch(({ constraint }) => constraint)
        await new Promise((resolve) => setTimeout(resolve, 200))
        if (!commits) throw new Error('rolled back')
      })
      await change.catch(() => undefined)
      const outcome = await waiting
      if (commits) assert.equal((outcome as { email: string }).email, one)
      else assert.equal(outcome, 'users_email_key')
    }
  },
)
