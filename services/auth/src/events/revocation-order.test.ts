import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Clock } from '../domain/clock.ts'
import type { NewRevocation } from '../domain/revocation.ts'
import { numberedRevocationsChannel } from '../store/lanes.ts'
import { openTestPool, openTestPostgres, until } from '../store/outbox-testing.ts'
import { getDatabaseTime } from '../store/revocations.ts'
import { makeRevocationFollower } from './revocation-follower.ts'
import { type OpenWatch, openTestReplica, openTestWatch, toSessionEntry } from './revocation-testing.ts'
import { wallClock } from './testing.ts'
import { makeWatchRevocations } from './watch-revocations.ts'

/** O8: whatever was acknowledged before a heartbeat's `asOf` stands before it, and has a number that it covers. */
function assertComplete(watch: OpenWatch, acknowledged: ReadonlyMap<string, Date>): void {
  const sent = new Map<string, number>()
  for (const { revocation, heartbeat } of watch.items) {
    if (revocation) sent.set(revocation.eventId, revocation.rseq ?? 0)
    if (!heartbeat) continue
    for (const [id, at] of acknowledged) {
      if (at > heartbeat.asOf) continue
      const rseq = sent.get(id)
      assert.ok(rseq, `acknowledged ${at.toISOString()}, not sent before ${heartbeat.asOf.toISOString()}`)
      assert.ok(rseq <= heartbeat.rseqHi)
    }
  }
}

test('PostgreSQL: O8 with two replicas and a transaction held open, nothing acknowledged is behind its heartbeat', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  const replicas = [
    await openTestReplica(t, database),
    await openTestReplica(t, openTestPool(t, url)),
  ] as const
  for (const replica of replicas) replica.openLane()
  const watches = replicas.map(({ watch }) => openTestWatch(t, watch))
  await Promise.all(watches.map((watch) => watch.nextHeartbeat()))
  const acknowledged = new Map<string, Date>()
  const revoke = async (n: number, entries: NewRevocation[], hold?: () => Promise<void>) => {
    const written = await replicas[n % 2 === 0 ? 0 : 1].revoke(entries, hold)
    const at = await getDatabaseTime(database.kysely)
    for (const { eventId } of written) acknowledged.set(eventId, at)
  }
  const gate = Promise.withResolvers<void>()
  // Has the lowest position and commits last.
  const held = revoke(0, [toSessionEntry('held')], () => gate.promise)
  await sleep(50)
  const began = performance.now()
  let count = 0
  while (performance.now() - began < 2500) {
    await Promise.all(Array.from({ length: 10 }, (_, n) => revoke(n, [toSessionEntry()], () => sleep(n % 4))))
    count += 10
  }
  gate.resolve()
  await held
  for (const watch of watches) {
    await until(() => watch.revocations.length === count + 1)
    await watch.nextHeartbeat()
    assertComplete(watch, acknowledged)
    assert.deepEqual(
      watch.revocations.map(({ rseq }) => rseq),
      Array.from({ length: count + 1 }, (_, at) => at + 1),
    )
    assert.ok((watch.revocations.find(({ subject }) => subject === 'held')?.rseq ?? 0) > count / 2)
    assert.ok(watch.heartbeats.length >= 3, 'an open transaction holds heartbeats up')
  }
  assert.deepEqual(watches[0]?.revocations, watches[1]?.revocations)
})

test('PostgreSQL: an entry reaches the watchers of other replicas by a notification, whatever their timers do', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const leader = await openTestReplica(t, opened.database)
  leader.openLane()
  const database = openTestPool(t, opened.url)
  const watch = makeWatchRevocations({ database, follower: makeRevocationFollower(database, stoppedClock) })
  const watched = openTestWatch(t, watch)
  for (let n = 1; n <= 20; n += 1) {
    await leader.revoke([toSessionEntry()])
    await until(() => watched.revocations.length === n)
  }
})

test('PostgreSQL: a replica whose connection for notifications is cut hears of entries again', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database } = opened
  const leader = await openTestReplica(t, database)
  leader.openLane()
  const heard = { count: 0 }
  const listener = openTestPool(t, opened.url).openListener?.(numberedRevocationsChannel, () => {
    heard.count += 1
  })
  assert.ok(listener)
  t.after(() => listener.close())
  for (let cuts = 0; cuts < 2; cuts += 1) {
    await until(() => listener.isListening)
    const before = heard.count
    await leader.revoke([toSessionEntry()])
    await until(() => heard.count > before)
    const cut = await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query ilike 'listen%auth_revocations_numbered%'`.execute(
      database.kysely,
    )
    assert.equal(cut.rows.length, 1)
    await until(() => !listener.isListening)
  }
})

/** Its timers never come. */
const stoppedClock: Clock = {
  ...wallClock,
  sleep: (_ms, signal) =>
    new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true })),
}
