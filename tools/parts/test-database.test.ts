import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { createTestDatabase } from './create-test-database.ts'
import { sharedPostgres } from './shared-postgres.ts'
import { openTestDatabase } from './test-database.ts'

test('every test has an empty database of its own', async (t) => {
  const first = await openTestDatabase(t)
  const second = await openTestDatabase(t)
  if (first === undefined || second === undefined) return
  assert.notEqual(first.url, second.url)
  const client = new pg.Client({ connectionString: first.url })
  await client.connect()
  const { rows } = await client.query(
    `select count(*)::int as tables from pg_tables where schemaname = 'public'`,
  )
  assert.deepEqual(rows, [{ tables: 0 }])
  await client.end()
})

test('a database is dropped while somebody is still connected', async (t) => {
  const database = await createTestDatabase()
  if ('skipReason' in database) return t.skip(database.skipReason)
  const client = new pg.Client({ connectionString: database.url })
  const cut = new Promise((resolve) => client.on('error', resolve))
  await client.connect()
  await database.close()
  await cut
  const late = new pg.Client({ connectionString: database.url })
  await assert.rejects(late.connect(), { code: '3D000' })
})

test('the run says where its PostgreSQL is, or why there is none', async () => {
  assert.deepEqual(await sharedPostgres({ TEST_DATABASE_URL: 'postgres://h/d' }), { url: 'postgres://h/d' })
  assert.deepEqual(await sharedPostgres({ TEST_DATABASE_SKIP_REASON: 'none' }), { skipReason: 'none' })
})
