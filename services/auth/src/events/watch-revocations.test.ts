import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { lanes } from '../store/lanes.ts'
import { takeOverLane } from '../store/number-rows.ts'
import { testInstallation, testOnBoth, until } from '../store/outbox-testing.ts'
import { beatEveryMs } from './revocation-follower.ts'
import { openTestReplica, openTestWatch, toSessionEntry } from './revocation-testing.ts'

testOnBoth('a watch from now on gets a heartbeat first, then entries as they come', async (t, database) => {
  const replica = await openTestReplica(t, database)
  replica.openLane()
  await replica.revoke([toSessionEntry()])
  const first = openTestWatch(t, replica.watch, { epoch: '', afterRseq: 0 })
  const { rseqHi, epoch, intervalMs } = await first.nextHeartbeat()
  assert.equal(intervalMs, beatEveryMs)
  const known = first.revocations.length
  assert.equal(rseqHi, 1)
  for (let n = 0; n < 10; n += 1) {
    const began = performance.now()
    const [entry] = await replica.revoke([toSessionEntry()])
    await until(() => first.revocations.length === known + n + 1)
    assert.ok(performance.now() - began < 5000)
    const seen = first.revocations.at(-1)
    assert.deepEqual(seen, { ...entry, rseq: n + 2, epoch })
  }
})

testOnBoth(
  'numbers are gapless under 200 revocations at once, rolled back ones among them',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    replica.openLane()
    const watch = openTestWatch(t, replica.watch)
    await watch.nextHeartbeat()
    await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        replica
          .revoke([toSessionEntry(), toSessionEntry()], async () => {
            if (n % 10 === 9) throw new Error('rolled back')
          })
          .catch(() => undefined),
      ),
    )
    await until(() => watch.revocations.length >= 360)
    await watch.nextHeartbeat()
    assert.deepEqual(
      watch.revocations.map(({ rseq }) => rseq),
      Array.from({ length: 360 }, (_, at) => at + 1),
    )
  },
)

testOnBoth(
  'a watch that was cut goes on behind its last number, and the same from the beginning',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    replica.openLane()
    const abort = new AbortController()
    const cut = openTestWatch(t, replica.watch, undefined, abort)
    const { epoch } = await cut.nextHeartbeat()
    await replica.revoke(Array.from({ length: 5 }, () => toSessionEntry()))
    await until(() => cut.revocations.length === 5)
    abort.abort()
    assert.equal(await cut.ended, undefined)
    await replica.revoke(Array.from({ length: 1200 }, () => toSessionEntry()))
    const resumed = openTestWatch(t, replica.watch, { epoch, afterRseq: 3 })
    await until(() => resumed.revocations.length === 1202)
    const all = openTestWatch(t, replica.watch, { epoch, afterRseq: 0 })
    await until(() => all.revocations.length === 1205)
    assert.deepEqual(all.revocations.slice(3), resumed.revocations)
    assert.deepEqual(all.revocations.slice(0, 5), cut.revocations)
  },
)

testOnBoth(
  'what cannot be gone on from is refused: another epoch, a number ahead, deleted entries',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    replica.openLane({ deleteEveryMs: 20 })
    const watch = openTestWatch(t, replica.watch)
    const { epoch } = await watch.nextHeartbeat()
    const permanent = [
      { type: 'KEY', subject: 'kid', reason: 'LOGOUT' },
      { type: 'ISSUER', subject: 'iss', until: new Date(0), reason: 'EPOCH_CHANGED' },
    ] as const
    await replica.revoke([toSessionEntry(), permanent[0], toSessionEntry(), permanent[1], toSessionEntry()])
    await until(() => watch.revocations.length === 5)
    const refused = (from: Parameters<typeof replica.watch>[0]) => openTestWatch(t, replica.watch, from).ended
    assert.equal(await refused({ epoch: '1.1.9', afterRseq: 0 }), 'REVOCATIONS_NOT_KEPT')
    assert.equal(await refused({ epoch, afterRseq: 6 }), 'REVOCATIONS_NOT_KEPT')
    assert.equal(await refused({ epoch, afterRseq: -1 }), 'INVALID_FIELD')
    assert.equal(await refused({ epoch: '', afterRseq: 1 }), 'INVALID_FIELD')
    await sql`update revocations set expires_at = now() - interval '1 second' where rseq in (1, 3)`.execute(
      database.kysely,
    )
    const listNumbers = async () => {
      const rows = await database.kysely.selectFrom('revocations').select('rseq').orderBy('rseq').execute()
      return rows.map(({ rseq }) => rseq)
    }
    await until(async () => (await listNumbers()).length === 3)
    assert.deepEqual(await listNumbers(), [2, 4, 5])
    // The first replica remembers what it has just sent; another one has only the table.
    const { watch: watchElsewhere } = await openTestReplica(t, database)
    const early = openTestWatch(t, watchElsewhere, { epoch, afterRseq: 0 })
    assert.equal(await early.ended, 'REVOCATIONS_NOT_KEPT')
    const later = openTestWatch(t, watchElsewhere, { epoch, afterRseq: 3 })
    await later.nextHeartbeat()
    assert.deepEqual(
      later.revocations.map(({ rseq }) => rseq),
      [4, 5],
    )
  },
)

testOnBoth(
  'a running watch ends when the epoch rises, and one of the new epoch begins',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    const watch = openTestWatch(t, replica.watch)
    const before = await watch.nextHeartbeat()
    await sql`update epoch set timeline = timeline - 1`.execute(database.kysely)
    await database.transaction((trx) => takeOverLane(trx, lanes.revocations, testInstallation))
    assert.match((await watch.ended) ?? '', /REVOCATIONS_NOT_KEPT|DATABASE_UNAVAILABLE/)
    replica.openLane()
    const resumed = openTestWatch(t, replica.watch, { epoch: before.epoch, afterRseq: before.rseqHi })
    assert.equal(await resumed.ended, 'REVOCATIONS_NOT_KEPT')
    const next = openTestWatch(t, replica.watch)
    assert.notEqual((await next.nextHeartbeat()).epoch, before.epoch)
  },
)

testOnBoth(
  'while something waits for its number there is no heartbeat; then it stands before the next',
  async (t, database) => {
    const replica = await openTestReplica(t, database)
    const watch = openTestWatch(t, replica.watch)
    await watch.nextHeartbeat()
    await replica.revoke([toSessionEntry()])
    const acknowledgedAt = new Date()
    await sleep(3 * beatEveryMs)
    assert.ok(watch.heartbeats.every(({ asOf }) => asOf <= acknowledgedAt))
    assert.deepEqual(watch.revocations, [])
    replica.openLane()
    const { rseqHi, term } = await watch.nextHeartbeat()
    assert.equal(rseqHi, 1)
    assert.equal(term, 1)
    const at = watch.items.findIndex(({ revocation }) => revocation !== undefined)
    const early = watch.items.slice(0, at).flatMap(({ heartbeat }) => heartbeat ?? [])
    assert.ok(early.every(({ asOf }) => asOf <= acknowledgedAt))
  },
)
