import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
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

test('connections that the server ends whenever it likes fail their statements, not the process', {
  timeout: 60_000,
}, async (t) => {
  const created = await openTestDatabase(t)
  if (created === undefined) return
  const database = openPostgres({ url: created.url, poolSize: 4, onError: () => undefined })
  t.after(() => database.close())
  const killer = new pg.Client({ connectionString: created.url })
  // The database is dropped under it.
  killer.on('error', () => undefined)
  await killer.connect()
  t.after(() => killer.end())
  const endAll = () =>
    killer.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`)
  let failed = 0
  for (let round = 0; round < 8; round += 1) {
    const asking = Promise.all(
      Array.from({ length: 8 }, () =>
        database
          .transaction((trx) => sql`select 1`.execute(trx))
          .catch(() => {
            failed += 1
          }),
      ),
    )
    await endAll()
    await asking
  }
  assert.ok(failed > 0, 'some were ended in their work')
  // Connections that were ended last may still be in the pool; it is rid of them by being asked.
  const isServed = () =>
    database
      .transaction((trx) => sql`select 1`.execute(trx))
      .then(() => true)
      .catch(() => false)
  while (!(await isServed()));
})

test('a connection that is ended in the same breath in which it opens is a failed statement', {
  timeout: 30_000,
}, async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([authenticationOk, readyForQuery, terminating])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const database = openPostgres({ url: `postgres://u@127.0.0.1:${port}/d`, onError: () => undefined })
  t.after(() => database.close())
  const refused = { reason: 'DATABASE_UNAVAILABLE' }
  await assert.rejects(
    database.transaction((trx) => sql`select 1`.execute(trx)),
    refused,
  )
})

// Messages of the protocol (PostgreSQL 15, 55.7): AuthenticationOk, ReadyForQuery, and ErrorResponse as a server sends it that ends a connection.
const authenticationOk = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0])
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])
const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')
const terminating = Buffer.concat([Buffer.from([0x45, 0, 0, 0, fields.length + 4]), fields])
