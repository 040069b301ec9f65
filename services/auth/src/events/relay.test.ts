import assert from 'node:assert/strict'
import { sql, type Transaction } from 'kysely'
import { lanes } from '../store/lanes.ts'
import { numberRows, takeOverLane } from '../store/number-rows.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  origin,
  testInstallation,
  testOnBoth,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import type { Schema } from '../store/schema.ts'
import { assertOrder, makeMemorySink, openTestRelay } from './testing.ts'

const takeOver = (trx: Transaction<Schema>) => takeOverLane(trx, lanes.events, testInstallation)

testOnBoth(
  "O2 O4 O7 every committed event reaches the sink, each user's in order, with one gapless number",
  async (t, database) => {
    const sink = makeMemorySink()
    const relay = openTestRelay(t, database, sink)
    const write = makeTestWrite(database, relay.wake)
    const users = await Promise.all(Array.from({ length: 5 }, () => insertTestUser(database)))
    await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        write(origin, async (_trx, announce) => {
          await announce(toUserUpdated(users[n % users.length] ?? assert.fail()))
          if (n % 10 === 9) throw new Error('rolled back')
        }).catch(() => undefined),
      ),
    )
    await until(() => sink.published.length >= 180)
    assert.equal(sink.published.length, 180)
    assertOrder(sink.published)
    assert.deepEqual(
      sink.published.map(({ pubSeq }) => pubSeq),
      Array.from({ length: 180 }, (_, at) => at + 1),
    )
    await until(async () => (await listOutbox(database)).every((row) => row.published_at !== null))
    assert.equal(relay.status().leader, true)
    assert.equal(relay.status().brokerUp, true)
    assert.match(relay.status().epoch ?? '', /^\d+\.\d+\.1$/)
  },
)

testOnBoth('a commit wakes the relay: events do not wait for its timer', async (t, database) => {
  const sink = makeMemorySink()
  const relay = openTestRelay(t, database, sink)
  const write = makeTestWrite(database, relay.wake)
  const userId = await insertTestUser(database)
  await until(() => relay.status().leader)
  const began = performance.now()
  for (let n = 1; n <= 8; n += 1) {
    await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    await until(() => sink.published.length === n)
  }
  assert.ok(performance.now() - began < 4000, `took ${performance.now() - began} ms`)
})

testOnBoth(
  'while the sink is down writes go on and events get numbers; they arrive when it is back',
  async (t, database) => {
    const sink = makeMemorySink()
    sink.fails = true
    const relay = openTestRelay(t, database, sink)
    const write = makeTestWrite(database, relay.wake)
    const userId = await insertTestUser(database)
    for (let n = 0; n < 20; n += 1)
      await write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))
    await until(async () => (await listOutbox(database)).every((row) => row.pub_seq !== null))
    await until(() => relay.status().brokerUp === false)
    assert.ok((await listOutbox(database)).every((row) => row.published_at === null))
    sink.fails = false
    await until(() => sink.published.length === 20)
    assertOrder(sink.published)
    assert.equal(relay.status().brokerUp, true)
  },
)

testOnBoth(
  'O2 what died between commit, number, acknowledgement and mark is published by the next leader',
  async (t, database) => {
    const userId = await insertTestUser(database)
    const write = makeTestWrite(database)
    for (let n = 0; n < 30; n += 1) await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    // A leader that numbered twenty, had some acknowledged and died.
    const leadership = await database.transaction(takeOver)
    const { count } = await numberRows(database.kysely, lanes.events, leadership, 20)
    assert.equal(count, 20)
    await sql`update outbox set published_at = now() where pub_seq <= 5`.execute(database.kysely)
    const before = await listOutbox(database)
    const sink = makeMemorySink()
    openTestRelay(t, database, sink)
    await until(() => sink.published.length === 25)
    assert.deepEqual(
      sink.published.map(({ pubSeq }) => pubSeq),
      Array.from({ length: 25 }, (_, at) => at + 6),
    )
    const after = await listOutbox(database)
    for (const [at, row] of before.entries()) if (row.pub_seq) assert.equal(after[at]?.pub_seq, row.pub_seq)
  },
)

testOnBoth('a leader whose term is over numbers nothing', async (_t, database) => {
  const userId = await insertTestUser(database)
  await makeTestWrite(database)(origin, (_trx, announce) => announce(toUserUpdated(userId)))
  const old = await database.transaction(takeOver)
  const current = await database.transaction(takeOver)
  assert.equal(current.term, old.term + 1)
  assert.equal(current.epoch, old.epoch)
  await assert.rejects(numberRows(database.kysely, lanes.events, old, 10), { name: 'TermLostError' })
  assert.deepEqual(await numberRows(database.kysely, lanes.events, current, 10), {
    count: 1,
    lastNumber: 1,
    lastPosition: 1,
  })
  assert.deepEqual(await numberRows(database.kysely, lanes.events, current, 10), {
    count: 0,
    lastNumber: undefined,
    lastPosition: undefined,
  })
})

testOnBoth('a database with another history gets another epoch', async (_t, database) => {
  const before = await database.transaction(takeOver)
  await sql`update epoch set timeline = timeline - 1`.execute(database.kysely)
  const after = await database.transaction(takeOver)
  assert.match(before.epoch, /\.1$/)
  assert.match(after.epoch, /\.2$/)
})

testOnBoth('close finishes the batch at hand and resigns', async (t, database) => {
  const sink = makeMemorySink()
  const gate = Promise.withResolvers<void>()
  sink.gate = gate.promise
  const relay = openTestRelay(t, database, sink)
  const userId = await insertTestUser(database)
  await makeTestWrite(database, relay.wake)(origin, (_trx, announce) => announce(toUserUpdated(userId)))
  await until(() => sink.callCount > 0)
  const closing = relay.close()
  gate.resolve()
  await closing
  assert.equal(sink.published.length, 1)
  assert.notEqual((await listOutbox(database))[0]?.published_at, null)
  assert.deepEqual(relay.status(), { leader: false })
})
