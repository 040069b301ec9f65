import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NewRevocation } from '../domain/revocation.ts'
import { openTestPool, openTestPostgres, until } from '../store/outbox-testing.ts'
import { getDatabaseTime } from '../store/revocations.ts'
import { type OpenWatch, openTestReplica, openTestWatch, toSessionEntry } from './revocation-testing.ts'

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

test('PostgreSQL: an entry reaches the watchers of the other replica within 200 ms, half of them within 50', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const first = await openTestReplica(t, opened.database)
  const second = await openTestReplica(t, openTestPool(t, opened.url))
  const leader = first.openLane()
  await until(() => leader.status().leader)
  second.openLane()
  const watch = openTestWatch(t, second.watch)
  await watch.nextHeartbeat()
  const took: number[] = []
  for (let n = 1; n <= 60; n += 1) {
    await sleep(7)
    await second.revoke([toSessionEntry()])
    const began = performance.now()
    await until(() => watch.revocations.length === n)
    took.push(performance.now() - began)
  }
  took.sort((a, b) => a - b)
  t.diagnostic(
    `p50 ${took[30]?.toFixed(1)} ms, p95 ${took[57]?.toFixed(1)} ms, max ${took[59]?.toFixed(1)} ms`,
  )
  assert.ok((took[30] ?? 0) < 50)
})
