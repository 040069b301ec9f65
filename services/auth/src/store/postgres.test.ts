import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openTcpProxy } from '../../../../tools/parts/tcp-proxy.ts'
import { openTestDatabase } from '../../../../tools/parts/test-database.ts'
import { openPostgres } from './postgres.ts'

test('a connection that is lost between a begin and its answer fails the transaction, not the process', {
  timeout: 30_000,
}, async (t) => {
  const created = await openTestDatabase(t)
  if (created === undefined) return
  const url = new URL(created.url)
  await using proxy = await openTcpProxy({ port: Number(url.port || 5432), host: url.hostname })
  url.host = `127.0.0.1:${proxy.port}`
  const database = openPostgres({ url: url.href, poolSize: 1, onError: () => undefined })
  t.after(() => database.close())
  await sql`select 1`.execute(database.kysely)
  proxy.cut('silent')
  // Both the begin and the statement behind it are on their way when the connection breaks; a rejection that nobody handles would fail
  // this test file.
  const lost = database.transaction((trx) => sql`select 1`.execute(trx))
  const refused = assert.rejects(lost, { reason: 'DATABASE_UNAVAILABLE' })
  await new Promise(setImmediate)
  proxy.cut('reset')
  await refused
  proxy.heal()
  await database.transaction((trx) => sql`select 1`.execute(trx))
})
