import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql, type Transaction } from 'kysely'
import { openTcpProxy } from '../../../../tools/parts/tcp-proxy.ts'
import { lanes } from '../store/lanes.ts'
import { numberRows, takeOverLane } from '../store/number-rows.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  openTestPool,
  openTestPostgres,
  origin,
  testInstallation,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import { openPostgres } from '../store/postgres.ts'
import type { Schema } from '../store/schema.ts'
import { assertOrder, makeMemorySink, openTestRelay } from './testing.ts'

const takeOver = (trx: Transaction<Schema>) => takeOverLane(trx, lanes.events, testInstallation)

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
  const leadership = await stopped.kysely.transaction().execute(takeOver)
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
  await assert.rejects(numberRows(stopped.kysely, lanes.events, leadership, 10))
  await assert.rejects(stopped.ping())
  await assert.rejects(numberRows(database.kysely, lanes.events, leadership, 10), { name: 'TermLostError' })
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
