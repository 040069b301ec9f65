import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Clock } from '../domain/clock.ts'
import type { UserEvent } from '../domain/events.ts'
import type { UserId } from '../domain/ids.ts'
import { insertUserSequence } from '../store/append-event.ts'
import type { Database } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import { openPglite } from '../store/pglite.ts'
import { openPostgres } from '../store/postgres.ts'
import { makeWrite, type Write } from '../store/write.ts'
import type { EventsLog } from './log.ts'
import { openRelay, type Relay } from './relay.ts'
import type { EventSink } from './sink.ts'

export const wallClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(Math.max(ms, 0), undefined, { signal }).catch(() => undefined),
}

export const silentLog: EventsLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

export const origin = { ip: '127.0.0.1', userAgent: 'test' }

export async function openTestPglite(t: TestContext): Promise<Database> {
  const database = await openPglite({})
  t.after(() => database.close())
  await migrate(database)
  return database
}

export async function openTestPostgres(t: TestContext): Promise<{ database: Database; url: string }> {
  const url = new URL(process.env.TEST_DATABASE_URL ?? '')
  const name = `t_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: url.href })
  await admin.connect()
  await admin.query(`create database ${name}`)
  url.pathname = name
  const database = openPostgres({ url: url.href, poolSize: 20, onError: () => undefined })
  t.after(async () => {
    await database.close()
    await admin.query(`drop database ${name} with (force)`)
    await admin.end()
  })
  await migrate(database)
  return { database, url: url.href }
}

/** Resolves as soon as `condition` holds; fails after `ms`. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) assert.fail(`did not hold within ${ms} ms: ${condition}`)
    await sleep(5)
  }
}

export function makeTestWrite(database: Database, onCommitted: () => void = () => undefined): Write {
  return makeWrite({ database, encoding: 'json', newId: randomUUID, onCommitted })
}

/** A user's row and sequence row, without an event. */
export async function insertTestUser(database: Database): Promise<UserId> {
  const userId = randomUUID() as UserId
  await database.transaction(async (trx) => {
    await trx
      .insertInto('users')
      .values({
        id: userId,
        status: 'ACTIVE',
        username: userId,
        username_key: userId,
        email: userId,
        email_key: userId,
        display_name: '',
        roles: [],
        password_hash: 'none',
      })
      .execute()
    await insertUserSequence(trx, userId)
  })
  return userId
}

export function toLoginSucceeded(userId: UserId): UserEvent {
  return { name: 'login_succeeded', userId, data: { userId, userVersion: 1n, sessionId: randomUUID() } }
}

export function toUserUpdated(userId: UserId): UserEvent {
  return { name: 'user_updated', userId, data: { userId, userVersion: 2n, changedFields: ['roles'] } }
}

/** A sink that keeps what it got, and fails or waits as told. */
export function makeMemorySink(): EventSink & {
  readonly published: NumberedEvent[]
  fail: boolean
  gate: Promise<void>
} {
  const published: NumberedEvent[] = []
  return {
    published,
    fail: false,
    gate: Promise.resolve(),
    prepare: async () => undefined,
    async publish(events) {
      await this.gate
      if (this.fail) throw new Error('the sink is down')
      published.push(...events)
    },
    close: async () => undefined,
  }
}

export function openTestRelay(
  t: TestContext,
  database: Database,
  sink: EventSink,
  onNumbered?: () => void,
): Relay {
  const relay = openRelay({
    database,
    sink,
    clock: wallClock,
    log: silentLog,
    random: Math.random,
    ...(onNumbered ? { onNumbered } : {}),
  })
  t.after(() => relay.close())
  return relay
}

/** O4, O5, O7: first occurrences per user run 1, 2, 3 …; a repetition only repeats; one number for each event. */
export function assertOrder(published: readonly NumberedEvent[]): void {
  const highest = new Map<string, number>()
  const numbers = new Map<string, number>()
  const ids = new Map<number, string>()
  for (const { id, key, pubSeq, userSequence } of published) {
    assert.equal(numbers.get(id) ?? pubSeq, pubSeq, 'an event has one number')
    assert.equal(ids.get(pubSeq) ?? id, id, 'a number has one event')
    numbers.set(id, pubSeq)
    ids.set(pubSeq, id)
    if (userSequence === undefined) continue
    const last = highest.get(key) ?? 0
    assert.ok(userSequence <= last + 1, `user ${key}: ${userSequence} after ${last}`)
    highest.set(key, Math.max(last, userSequence))
  }
}
