import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestDatabase } from '../../../../tools/parts/test-database.ts'
import type { ModelDatabase } from '../../../../tools/simulate/model-database/model-database.ts'
import { openModelInRealTime } from '../../../../tools/simulate/model-database/testing.ts'
import type { UserEvent } from '../domain/events.ts'
import type { UserId } from '../domain/ids.ts'
import { insertUserSequence } from './append-event.ts'
import type { Database } from './database.ts'
import type { Installation } from './epoch.ts'
import { migrate } from './migrate.ts'
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'
import { makeWrite, type Write } from './write.ts'

/** Where a test of both adapters runs. */
export type Adapter = 'PGlite' | 'PostgreSQL' | 'model'

/** Runs a test on a migrated, otherwise empty database of its own, once on each adapter and on the simulator's model of PostgreSQL. */
export function testOnBoth(
  title: string,
  body: (t: TestContext, database: Database, adapter: Adapter) => Promise<void>,
): void {
  test(`PGlite: ${title}`, async (t) => body(t, await openTestPglite(t), 'PGlite'))
  test(`PostgreSQL: ${title}`, async (t) => {
    const opened = await openTestPostgres(t)
    if (opened) await body(t, opened.database, 'PostgreSQL')
  })
  test(`model: ${title}`, async (t) => {
    const { database, model } = openTestModel(t)
    await body(t, database, 'model')
    assert.deepEqual(model.truth.unknownStatements, [])
  })
}

let migrated: Promise<Blob> | undefined

async function openTestPglite(t: TestContext): Promise<Database> {
  // Loading a dump takes a quarter of the time of making one.
  migrated ??= dumpMigrated()
  const database = await openPglite({ loadDataDir: await migrated })
  t.after(() => database.close())
  return database
}

async function dumpMigrated(): Promise<Blob> {
  const database = await openPglite({})
  await migrate(database)
  const dump = await database.dump()
  await database.close()
  return dump
}

/** A migrated PostgreSQL database of the test's own; undefined, and the test skipped, where there is none to be had. */
export async function openTestPostgres(
  t: TestContext,
): Promise<{ database: Database; url: string } | undefined> {
  const empty = await openTestDatabase(t)
  if (!empty) return undefined
  const database = openTestPool(t, empty.url)
  await migrate(database)
  return { database, url: empty.url }
}

/** The simulator's model of PostgreSQL, in real time. */
export function openTestModel(t: TestContext): { database: Database; model: ModelDatabase } {
  const { database, model } = openModelInRealTime()
  t.after(() => database.close())
  return { database, model }
}

/** Another pool on a test's database, as another process would have. */
export function openTestPool(t: TestContext, url: string): Database {
  const database = openPostgres({ url, poolSize: 20, onError: () => undefined })
  t.after(() => database.close())
  return database
}

/** Resolves as soon as `condition` holds; fails after `ms`. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) assert.fail(`did not hold within ${ms} ms: ${condition}`)
    await sleep(5)
  }
}

/** Where the calls of tests come from. */
export const origin = Object.freeze({ ip: '127.0.0.1', userAgent: 'test' })

/** Who revokes in tests. */
export const testInstallation: Installation = Object.freeze({
  issuer: 'https://auth.test',
  newId: randomUUID,
})

/** How tests write, but for the database and what is told after commits. */
export const testWriteOptions = Object.freeze({
  encoding: 'json',
  newId: randomUUID,
  coverMs: 660_000,
  onCommitted: () => undefined,
  onRevoked: () => undefined,
} as const)

/** The way in which use-cases write, with JSON events. */
export function makeTestWrite(database: Database, onCommitted: () => void = () => undefined): Write {
  return makeWrite({ ...testWriteOptions, database, onCommitted })
}

/** A user's row and sequence row, without an event. */
export async function insertTestUser(database: Database): Promise<UserId> {
  const userId = randomUUID() as UserId
  const names = { username: userId, username_key: userId, email: userId, email_key: userId }
  await database.transaction(async (trx) => {
    await trx
      .insertInto('users')
      .values({
        id: userId,
        status: 'ACTIVE',
        ...names,
        display_name: '',
        roles: [],
        password_hash: 'none',
      })
      .execute()
    await insertUserSequence(trx, userId)
  })
  return userId
}

/** A session was opened. */
export function toLoginSucceeded(userId: UserId): UserEvent {
  return { name: 'login_succeeded', userId, data: { userId, userVersion: 1n, sessionId: randomUUID() } }
}

/** Roles were changed. */
export function toUserUpdated(userId: UserId): UserEvent {
  return { name: 'user_updated', userId, data: { userId, userVersion: 2n, changedFields: ['roles'] } }
}

/** All outbox rows, by position. */
export function listOutbox(database: Database) {
  return database.kysely.selectFrom('outbox').selectAll().orderBy('position').execute()
}
