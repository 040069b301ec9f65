import assert from 'node:assert/strict'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../store/database.ts'
import { lanes } from '../store/lanes.ts'
import { takeOverLane } from '../store/number-rows.ts'
import { testInstallation, testOnBoth, until } from '../store/outbox-testing.ts'
import { getPublishedUpTo } from '../store/published-revocations.ts'
import { getDatabaseTime } from '../store/revocations.ts'
import { beatEveryMs } from './revocation-follower.ts'
import { makeMemoryRevocationSink, openTestReplica, toSessionEntry } from './revocation-testing.ts'

const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

async function expireAll({ kysely }: Database): Promise<void> {
  await sql`update revocations set expires_at = now() - interval '1 second'`.execute(kysely)
}

testOnBoth('entries are published in the order of their numbers, and marked', async (t, database) => {
  const replica = await openTestReplica(t, database)
  const sink = makeMemoryRevocationSink()
  const lane = replica.openLane({ sink, batchSize: 7 })
  await Promise.all(Array.from({ length: 30 }, () => replica.revoke([toSessionEntry()])))
  await until(() => sink.numbers.length === 30)
  assert.deepEqual(sink.numbers, upTo(1, 30))
  await until(async () => (await getPublishedUpTo(database.kysely)) === 30)
  assert.equal(lane.status().brokerUp, true)
})

testOnBoth(
  'O8: whatever was acknowledged before a heartbeat stands before it and is covered by it, and none comes before its time',
  async (t, database, adapter) => {
    const replica = await openTestReplica(t, database)
    const sink = makeMemoryRevocationSink()
    replica.openLane({ sink, batchSize: 20 })
    const acknowledged = new Map<string, Date>()
    await until(() => sink.heartbeats.length > 0)
    const began = performance.now()
    const revokeMany = async () => {
      while (sink.heartbeats.length < 8) {
        const [entry] = await replica.revoke([toSessionEntry()])
        acknowledged.set(entry?.eventId ?? '', await getDatabaseTime(database.kysely))
        // The embedded database works in this process's own turns.
        await nextTurn()
      }
    }
    await Promise.all(Array.from({ length: adapter === 'PGlite' ? 1 : 8 }, revokeMany))
    assert.ok(performance.now() - began > 6 * beatEveryMs)
    const seen = new Map<string, number>()
    for (const { heartbeat, revocation } of sink.published) {
      if (revocation) seen.set(revocation.eventId, revocation.rseq ?? 0)
      if (!heartbeat) continue
      for (const [id, at] of acknowledged) {
        // Dates have whole milliseconds: of the same one it is not known which was first.
        if (at < heartbeat.asOf) assert.ok((seen.get(id) ?? Number.NaN) <= heartbeat.rseqHi)
      }
    }
  },
)

testOnBoth('in a backlog a heartbeat waits for all that it speaks of', async (t, database) => {
  const replica = await openTestReplica(t, database)
  const sink = makeMemoryRevocationSink()
  const hangs = Promise.withResolvers<void>()
  sink.gate = hangs.promise
  replica.openLane({ sink, batchSize: 3 })
  await replica.revoke(upTo(1, 20).map(() => toSessionEntry()))
  await until(async () => {
    const rows = await database.kysely.selectFrom('revocations').select('rseq').execute()
    return rows.every(({ rseq }) => rseq !== null)
  })
  // The next heartbeat is due before the second batch.
  await sleep(beatEveryMs)
  hangs.resolve()
  await until(() => sink.heartbeats.some(({ rseqHi }) => rseqHi === 20))
  let published = 0
  for (const { heartbeat, revocation } of sink.published) {
    if (revocation) published += 1
    else assert.ok(heartbeat.rseqHi <= published)
  }
})

testOnBoth(
  'nothing is marked before it is acknowledged, and no heartbeat comes before it',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    const sink = makeMemoryRevocationSink()
    const lane = replica.openLane({ sink })
    await until(() => sink.heartbeats.length > 0)
    sink.fails = true
    await replica.revoke([toSessionEntry(), toSessionEntry()])
    await until(() => lane.status().brokerUp === false)
    const heartbeats = sink.heartbeats.length
    await sleep(2 * beatEveryMs)
    assert.equal(sink.heartbeats.length, heartbeats)
    assert.equal(await getPublishedUpTo(database.kysely), 0)
    sink.fails = false
    await until(() => sink.heartbeats.some(({ rseqHi }) => rseqHi === 2))
    assert.deepEqual(sink.numbers, [1, 2])
  },
)

testOnBoth(
  'while the sink hangs, entries get their numbers and watchers their heartbeats',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    const sink = makeMemoryRevocationSink()
    const hangs = Promise.withResolvers<void>()
    sink.gate = hangs.promise
    replica.openLane({ sink })
    await replica.revoke([toSessionEntry()])
    await until(async () => {
      const rows = await database.kysely.selectFrom('revocations').select('rseq').execute()
      return rows.every(({ rseq }) => rseq === 1)
    })
    assert.deepEqual(sink.published, [])
    hangs.resolve()
    await until(() => sink.numbers.length === 1)
  },
)

testOnBoth('the next leader begins with what is numbered and not marked', async (t, database) => {
  const replica = await openTestReplica(t, database)
  const first = replica.openLane({ sink: makeMemoryRevocationSink() })
  await replica.revoke(upTo(1, 4).map(() => toSessionEntry()))
  await until(async () => (await getPublishedUpTo(database.kysely)) === 4)
  await first.close()
  await sql`update lanes set published_up_to = 2 where lane = 1`.execute(database.kysely)
  const sink = makeMemoryRevocationSink()
  replica.openLane({ sink })
  await until(() => sink.heartbeats.length > 0)
  assert.deepEqual(sink.numbers, [3, 4])
  assert.equal(sink.heartbeats[0]?.rseqHi, 4)
  assert.equal(sink.published.at(-1)?.heartbeat?.term, 2)
})

testOnBoth('a leader whose term is over says nothing of what came after', async (t, database) => {
  const replica = await openTestReplica(t, database)
  const sink = makeMemoryRevocationSink()
  replica.openLane({ sink })
  await until(() => sink.heartbeats.length > 0)
  // Where this process was stopped, another has taken over and gives numbers from now on.
  await database.transaction((trx) => takeOverLane(trx, lanes.revocations, testInstallation))
  const overAt = await getDatabaseTime(database.kysely)
  await until(() => sink.heartbeats.some(({ term }) => term === 3))
  const late = sink.heartbeats.filter(({ asOf, term }) => term === 1 && asOf > overAt)
  assert.deepEqual(late, [])
})

testOnBoth('numbers of an earlier epoch, and expired ones, are passed over', async (t, database) => {
  const replica = await openTestReplica(t, database)
  const before = replica.openLane()
  await replica.revoke([toSessionEntry(), toSessionEntry()])
  await until(async () => {
    const rows = await database.kysely.selectFrom('revocations').select('rseq').execute()
    return rows.every(({ rseq }) => rseq !== null)
  })
  await before.close()
  await sql`update revocations set epoch = '1.1.0' where rseq = 1`.execute(database.kysely)
  const sink = makeMemoryRevocationSink()
  const lane = replica.openLane({ sink, deleteEveryMs: 20 })
  await until(() => sink.heartbeats.length > 0)
  assert.deepEqual(sink.numbers, [2])
  sink.fails = true
  await replica.revoke([toSessionEntry()])
  await until(() => lane.status().brokerUp === false)
  await expireAll(database)
  await until(
    async () => (await database.kysely.selectFrom('revocations').select('id').execute()).length === 0,
  )
  await lane.close()
  const next = makeMemoryRevocationSink()
  replica.openLane({ sink: next })
  await until(() => next.heartbeats.some(({ rseqHi }) => rseqHi === 3))
  assert.deepEqual(next.numbers, [])
  assert.equal(await getPublishedUpTo(database.kysely), 3)
})

testOnBoth(
  'without a sink nothing is marked: the first leader with one publishes what is kept',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    const without = replica.openLane()
    await replica.revoke([toSessionEntry()])
    await until(
      async () =>
        (await database.kysely.selectFrom('lanes').select('last_pub_seq').where('lane', '=', 1).execute())[0]
          ?.last_pub_seq === 1,
    )
    await without.close()
    assert.equal(await getPublishedUpTo(database.kysely), 0)
    const sink = makeMemoryRevocationSink()
    replica.openLane({ sink })
    await until(() => sink.numbers.length === 1)
  },
)
