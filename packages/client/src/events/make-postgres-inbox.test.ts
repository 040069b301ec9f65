import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { openTestDatabase } from '../../../../tools/parts/test-database.ts'
import { makePostgresInbox } from './make-postgres-inbox.ts'

async function openInbox(t: TestContext, group = 'g') {
  const database = await openTestDatabase(t)
  if (database === undefined) return undefined
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  // Connections of a pool that are idle when their server ends them say so here.
  pool.on('error', () => undefined)
  t.after(() => pool.end())
  const inbox = makePostgresInbox({ group })
  await inbox.create(pool)
  await inbox.create(pool)
  await pool.query('create table done (note text)')
  const note = (text: string) => (client: pg.PoolClient) =>
    client.query('insert into done values ($1)', [text])
  const readNotes = async () =>
    (await pool.query('select note from done order by note')).rows.map((row) => row.note)
  return { pool, inbox, note, readNotes }
}

const makeEvent = () => ({ eventId: randomUUID() })

test('what a handler writes is written once, however often and however concurrently the event comes', async (t) => {
  const opened = await openInbox(t)
  if (opened === undefined) return
  const { pool, inbox, note, readNotes } = opened
  const event = makeEvent()
  const answers = await Promise.all(Array.from({ length: 8 }, () => inbox.once(pool, event, note('a'))))
  assert.equal(answers.filter(Boolean).length, 1)
  assert.equal(await inbox.once(pool, makeEvent(), note('b')), true)
  assert.deepEqual(await readNotes(), ['a', 'b'])
})

test('a handler that fails leaves nothing behind, and the event is handled the next time', async (t) => {
  const opened = await openInbox(t)
  if (opened === undefined) return
  const { pool, inbox, note, readNotes } = opened
  const event = makeEvent()
  const failing = inbox.once(pool, event, async (client: pg.PoolClient) => {
    await note('half')(client)
    throw new Error('no such plan')
  })
  await assert.rejects(failing, /no such plan/)
  await assert.rejects(inbox.once(pool, event, (client) => client.query('select 1 / 0')))
  assert.deepEqual(await readNotes(), [])
  assert.equal(await inbox.once(pool, event, note('whole')), true)
  assert.deepEqual(await readNotes(), ['whole'])
  assert.equal(pool.idleCount, pool.totalCount, 'every connection is back')
})

test('a connection that breaks in the work goes out of the pool', async (t) => {
  const opened = await openInbox(t)
  if (opened === undefined) return
  const { pool, inbox, note } = opened
  const event = makeEvent()
  const killed = inbox.once(pool, event, (client) =>
    client.query('select pg_terminate_backend(pg_backend_pid())'),
  )
  await assert.rejects(killed)
  assert.equal(await inbox.once(pool, event, note('after')), true)
})

test('it joins a transaction of the handler', async (t) => {
  const opened = await openInbox(t)
  if (opened === undefined) return
  const { pool, inbox } = opened
  const event = makeEvent()
  const client = await pool.connect()
  try {
    await client.query('begin')
    assert.equal(await inbox.isNew(client, event), true)
    assert.equal(await inbox.isNew(client, event), false)
    await client.query('rollback')
    assert.equal(await inbox.isNew(client, event), true)
  } finally {
    client.release()
  }
})

test('consumers in one table do not see each other; old events are forgotten on demand', async (t) => {
  const opened = await openInbox(t)
  if (opened === undefined) return
  const { pool, inbox } = opened
  const other = makePostgresInbox({ group: 'other' })
  const event = makeEvent()
  assert.equal(await inbox.isNew(pool, event), true)
  assert.equal(await other.isNew(pool, event), true)
  await inbox.prune(pool, new Date(0))
  assert.equal(await inbox.isNew(pool, event), false)
  await inbox.prune(pool, new Date(Date.now() + 3_600_000))
  assert.equal(await inbox.isNew(pool, event), true)
  assert.equal(await other.isNew(pool, event), false)
})

test('a table name that is none is refused at once', () => {
  for (const table of ['', 'Inbox', 'a b', 'a;drop table b', 'a.b.c', '"a"', '1a']) {
    assert.throws(() => makePostgresInbox({ group: 'g', table }), TypeError)
  }
  makePostgresInbox({ group: 'g', table: 'billing.auth_inbox' })
})
