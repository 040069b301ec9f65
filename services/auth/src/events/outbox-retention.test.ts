import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { getLogEnd } from '../store/event-log.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  origin,
  testOnBoth,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import { makeMemorySink, openTestRelay } from './testing.ts'

const hourMs = 3_600_000
const retention = Object.freeze({ retentionMs: hourMs, everyMs: 20 })

testOnBoth(
  'acknowledged events go when their time is over; parked ones, younger ones and the last one stay',
  async (t, database) => {
    const [parked, other] = [await insertTestUser(database), await insertTestUser(database)]
    const write = makeTestWrite(database)
    const sink = makeMemorySink()
    sink.refuses = ({ key }) => (key === parked ? 'event' : undefined)
    const first = openTestRelay(t, database, sink, { parkTimes: { firstMs: hourMs, longestMs: hourMs } })
    await write(origin, async (_trx, announce) => {
      await announce(toUserUpdated(parked))
      for (let n = 0; n < 30; n += 1) await announce(toLoginSucceeded(other))
    })
    first.wake()
    await until(() => sink.published.length === 30 && first.status().parkedKeys === 1)
    await first.close()
    await sql`update outbox set published_at = published_at - interval '2 hours' where pub_seq < 20`.execute(
      database.kysely,
    )
    const relay = openTestRelay(t, database, sink, {
      retention,
      parkTimes: { firstMs: hourMs, longestMs: hourMs },
    })
    await until(async () => (await listOutbox(database)).length === 13)
    const kept = (await listOutbox(database)).map(({ pub_seq }) => pub_seq)
    assert.deepEqual(kept, [1, ...Array.from({ length: 12 }, (_, at) => at + 20)])
    await sql`update outbox set published_at = published_at - interval '2 hours'`.execute(database.kysely)
    await until(async () => (await listOutbox(database)).length === 2)
    assert.deepEqual(
      (await listOutbox(database)).map(({ pub_seq }) => pub_seq),
      [1, 31],
    )
    assert.notEqual((await getLogEnd(database.kysely)).epoch, '')
    assert.equal(relay.status().leader, true)
  },
)

testOnBoth('what is not acknowledged stays, however old it is', async (t, database) => {
  const userId = await insertTestUser(database)
  const sink = makeMemorySink()
  sink.fails = true
  const relay = openTestRelay(t, database, sink, { retention: { retentionMs: 0, everyMs: 5 } })
  const write = makeTestWrite(database, relay.wake)
  for (let n = 0; n < 5; n += 1) await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
  await until(() => relay.status().brokerUp === false)
  assert.equal((await listOutbox(database)).length, 5)
  sink.fails = false
  await until(() => sink.published.length === 5)
  await relay.close()
  openTestRelay(t, database, sink, { retention: { retentionMs: 0, everyMs: 5 } })
  await until(async () => (await listOutbox(database)).length === 1)
})
