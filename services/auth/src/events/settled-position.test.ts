import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import type { Database } from '../store/database.ts'
import { lanes } from '../store/lanes.ts'
import { numberRows, takeOverLane } from '../store/number-rows.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  openTestPostgres,
  origin,
  testInstallation,
  testOnBoth,
  toUserUpdated,
} from '../store/outbox-testing.ts'
import { makeSettledPosition } from './settled-position.ts'
import { wallClock } from './testing.ts'

async function openNumbering(t: TestContext, database: Database) {
  const session = (await database.findLeaderSession('relay')) ?? assert.fail()
  t.after(() => session.close())
  const leadership = await database.transaction((trx) => takeOverLane(trx, lanes.events, testInstallation))
  let nowMs = 0
  const clock = { ...wallClock, monotonicMs: () => (nowMs += 1000) }
  const settled = makeSettledPosition(session, lanes.events, clock)
  const number = async () => {
    await settled.prepare()
    const { count } = await numberRows(session.kysely, lanes.events, leadership, 100, settled.position)
    settled.conclude(count < 100)
    return count
  }
  return { settled, number }
}

testOnBoth('the very first event is numbered, however long nobody wrote one', async (t, database) => {
  const { number } = await openNumbering(t, database)
  for (let n = 0; n < 4; n += 1) assert.equal(await number(), 0)
  const userId = await insertTestUser(database)
  await makeTestWrite(database)(origin, (_trx, announce) => announce(toUserUpdated(userId)))
  assert.equal(await number(), 1)
})

test('the settled position never passes a row that may still be committed, and a foreign transaction does not hold it', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  const { settled, number } = await openNumbering(t, database)
  const begin = async (statement: string) => {
    const client = new pg.Client({ connectionString: url })
    // The test's database is dropped with its connections.
    client.on('error', () => undefined)
    await client.connect()
    t.after(() => client.end())
    await client.query('begin')
    await client.query(statement)
    return client
  }
  const userId = await insertTestUser(database)
  const write = () => makeTestWrite(database)(origin, (_trx, announce) => announce(toUserUpdated(userId)))
  await begin('create table foreign_one (a integer)')
  await write()
  const late = await begin(
    `insert into outbox (id, event, key, content_type, data) values ('${randomUUID()}', 'login_failed', 'late', '', '')`,
  )
  for (let n = 0; n < 4; n += 1) {
    await write()
    assert.equal(await number(), n === 0 ? 2 : 1)
  }
  assert.ok(settled.position < 2, `settled ${settled.position} with an open position 2`)
  await late.query('commit')
  assert.equal(await number(), 1, 'what was committed late is numbered')
  for (let n = 0; n < 3; n += 1) assert.equal(await number(), 0)
  const rows = await listOutbox(database)
  assert.equal(settled.position, rows.at(-1)?.position)
  assert.ok(rows.every(({ pub_seq }) => pub_seq !== null))
  await write()
  assert.equal(await number(), 1)
})
