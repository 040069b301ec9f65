import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openTcpProxy } from '../../../../tools/parts/tcp-proxy.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  openTestPool,
  openTestPostgres,
  origin,
  testOnBoth,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import { openPostgres } from '../store/postgres.ts'
import { numberEvents, takeOverLane } from '../store/relay-lane.ts'
import { assertOrder, makeMemorySink, openTestRelay } from './testing.ts'

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
    const leadership = await database.transaction(takeOverLane)
    const { count } = await numberEvents(database.kysely, leadership, 20)
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
  const old = await database.transaction(takeOverLane)
  const current = await database.transaction(takeOverLane)
  assert.equal(current.term, old.term + 1)
  assert.equal(current.epoch, old.epoch)
  await assert.rejects(numberEvents(database.kysely, old, 10), { name: 'TermLostError' })
  assert.deepEqual(await numberEvents(database.kysely, current, 10), { count: 1, lastPubSeq: 1 })
  assert.deepEqual(await numberEvents(database.kysely, current, 10), { count: 0, lastPubSeq: undefined })
})

testOnBoth('a database with another history gets another epoch', async (_t, database) => {
  const before = await database.transaction(takeOverLane)
  await sql`update epoch set timeline = timeline - 1`.execute(database.kysely)
  const after = await database.transaction(takeOverLane)
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
  await until(async () => (await listOutbox(database)).every((row) => row.pub_seq !== null))
  const closing = relay.close()
  gate.resolve()
  await closing
  assert.equal(sink.published.length, 1)
  assert.notEqual((await listOutbox(database))[0]?.published_at, null)
  assert.deepEqual(relay.status(), { leader: false })
})

// The embedded database has one process, so one relay: these have no PGlite side.
test('PostgreSQL: of two relays one leads, and a writer beside the other wakes it', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  const other = openTestPool(t, url)
  const sinks = [makeMemorySink(), makeMemorySink()] as const
  const relays = [openTestRelay(t, database, sinks[0]), openTestRelay(t, other, sinks[1])] as const
  await until(() => relays.some((relay) => relay.status().leader))
  const leads = relays[0].status().leader ? 0 : 1
  const follower = relays[1 - leads] ?? assert.fail()
  const write = makeTestWrite(other, follower.wake)
  const userId = await insertTestUser(database)
  const began = performance.now()
  for (let n = 0; n < 8; n += 1) {
    await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    await until(() => sinks[leads].published.length === n + 1)
  }
  // Eight looks of the leader's own timer would have taken far longer.
  assert.ok(performance.now() - began < 4000, `took ${performance.now() - began} ms`)
  assert.equal(relays.filter((relay) => relay.status().leader).length, 1)
  assert.equal(sinks[1 - leads]?.published.length, 0)
})

test('PostgreSQL: O2 O4 O7 leaders whose connection is cut again and again lose nothing and reorder nothing', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  const other = openTestPool(t, url)
  const sink = makeMemorySink()
  const relays = [openTestRelay(t, database, sink), openTestRelay(t, other, sink)]
  const write = makeTestWrite(database, () => {
    for (const relay of relays) relay.wake()
  })
  const users = await Promise.all(Array.from({ length: 10 }, () => insertTestUser(database)))
  let isCutting = true
  const cutting = (async () => {
    for (let cuts = 0; isCutting; cuts += 1) {
      await until(() => relays.some((relay) => relay.status().leader))
      await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())`.execute(
        database.kysely,
      )
      await until(() => !relays.some((relay) => relay.status().leader))
      if (cuts === 5) isCutting = false
    }
  })()
  let written = 0
  while (isCutting) {
    await Promise.all(
      users.map((userId) => write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))),
    )
    written += users.length
  }
  await cutting
  await until(() => new Set(sink.published.map(({ id }) => id)).size === written)
  assertOrder(sink.published)
  const rows = await listOutbox(database)
  assert.deepEqual(
    rows.map((row) => row.pub_seq ?? 0).sort((a, b) => a - b),
    rows.map((_, at) => at + 1),
  )
})

test('PostgreSQL: O9 a leader that stops pinging is replaced within three seconds, and a late one changes nothing', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  const stopped = await database.findLeaderSession('relay')
  assert.ok(stopped)
  const leadership = await stopped.kysely.transaction().execute(takeOverLane)
  const userId = await insertTestUser(database)
  await makeTestWrite(database)(origin, (_trx, announce) => announce(toUserUpdated(userId)))
  assert.equal(await database.findLeaderSession('relay'), undefined)
  const other = openTestPool(t, url)
  const sink = makeMemorySink()
  const began = performance.now()
  const relay = openTestRelay(t, other, sink)
  await until(() => sink.published.length === 1)
  assert.ok(performance.now() - began < 3000, `took ${performance.now() - began} ms`)
  assert.equal(relay.status().term, leadership.term + 1)
  await assert.rejects(numberEvents(stopped.kysely, leadership, 10))
  await assert.rejects(stopped.ping())
  await assert.rejects(numberEvents(database.kysely, leadership, 10), { name: 'TermLostError' })
  await stopped.close()
})

test('PostgreSQL: O2 an event whose position is lower but whose commit is later is not skipped', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database } = opened
  const sink = makeMemorySink()
  const relay = openTestRelay(t, database, sink)
  const write = makeTestWrite(database, relay.wake)
  const [slow, quick] = [await insertTestUser(database), await insertTestUser(database)]
  const inserted = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const late = write(origin, async (_trx, announce) => {
    await announce(toUserUpdated(slow))
    inserted.resolve()
    await gate.promise
  })
  await inserted.promise
  await write(origin, (_trx, announce) => announce(toUserUpdated(quick)))
  await until(() => sink.published.length === 1)
  gate.resolve()
  await late
  await until(() => sink.published.length === 2)
  assert.deepEqual(
    sink.published.map(({ key }) => key),
    [quick, slow],
  )
  const [first, second] = await listOutbox(database)
  assert.deepEqual([first?.pub_seq, second?.pub_seq], [2, 1])
})

test('PostgreSQL: a leader cut off from the database without a word is replaced, and resigns by itself', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  const target = new URL(url)
  const proxy = await openTcpProxy({ host: target.hostname, port: Number(target.port) })
  t.after(() => proxy.close())
  const directUrl = new URL(url)
  directUrl.hostname = '127.0.0.1'
  directUrl.port = String(proxy.port)
  const behindProxy = openPostgres({ url, directUrl: directUrl.href, onError: () => undefined })
  t.after(() => behindProxy.close())
  const sinks = [makeMemorySink(), makeMemorySink()] as const
  const cutOff = openTestRelay(t, behindProxy, sinks[0])
  await until(() => cutOff.status().leader)
  const other = openTestRelay(t, database, sinks[1])
  proxy.cut('silent')
  await makeTestWrite(database)(origin, async (_trx, announce) =>
    announce(toUserUpdated(await insertTestUser(database))),
  )
  await until(() => other.status().leader && sinks[1].published.length === 1, 5000)
  await until(() => !cutOff.status().leader, 10_000)
  proxy.heal()
  assert.equal(other.status().leader, true)
})
