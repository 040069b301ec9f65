import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import { sharedPostgres } from '../../../tools/parts/shared-postgres.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { until } from '../src/store/outbox-testing.ts'
import { openTestAuth } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { runAuthctl } from './run-authctl.ts'

/** One connection. */
async function openClient(connectionString: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

/** After its database: what it may do there has gone with that. */
async function dropRole(role: string): Promise<void> {
  const server = await sharedPostgres()
  if ('skipReason' in server) return
  await using client = await openClient(server.url)
  await client.query(`drop role ${role}`)
}

test("with DATABASE_OWNER_URL the service's role adds to the trail, and can neither change nor delete it", async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  await using owner = await openClient(database.url)
  const role = `service_${randomUUID().slice(0, 8)}`
  await owner.query(`create role ${role} login`)
  t.after(() => dropRole(role))
  const url = new URL(database.url)
  url.username = role
  {
    await using auth = await openTestAuth({
      databaseUrl: url.href,
      environment: { DATABASE_OWNER_URL: database.url },
    })
    const person = await auth.signUp()
    const { sessionId } = await auth.logIn(person)
    await auth.auth.revokeSession({ userId: person.id, sessionId })
    await assertRefused(
      auth.auth.login({ identifier: person.username, password: 'no' }),
      'UNAUTHENTICATED',
      'INVALID_CREDENTIALS',
    )
    await auth.users.deleteUser({ userId: person.id })
    assert.equal((await auth.audit.listAuditEvents({ userId: person.id })).events.length, 5)
    const chained = async () =>
      (await owner.query('select count(*)::int as count from audit_chain')).rows[0].count
    // The keys of the start have rows of their own.
    await until(async () => (await chained()) >= 5)
  }
  await using service = await openClient(url.href)
  const parts = (await service.query(`select relname from pg_class where relname ~ '^audit_(log|chain)_'
    and relkind = 'r'`)) as { rows: { relname: string }[] }
  assert.ok(parts.rows.length >= 10)
  const tables = ['audit_log', 'audit_chain', 'audit_anchors', ...parts.rows.map(({ relname }) => relname)]
  for (const table of tables) {
    const statements = [`delete from ${table}`, `truncate ${table}`, `drop table ${table}`]
    statements.push(`update ${table} set ${table.startsWith('audit_log') ? "reason = ''" : "hash = ''"}`)
    statements.push(`alter table ${table} disable trigger all`)
    for (const statement of statements) {
      await assert.rejects(service.query(statement), /permission denied|must be owner/, statement)
    }
  }
  await assert.rejects(service.query("insert into audit_anchors values (1, '')"), /permission denied/)
  await assert.rejects(service.query('set session_replication_role = replica'), /permission denied/)
  const verified = await runAuthctl(
    { DATABASE_URL: url.href, DATABASE_OWNER_URL: database.url },
    'audit',
    'verify',
  )
  assert.deepEqual([verified.code, verified.stderr], [0, ''])
  assert.match(
    verified.stdout,
    /entries were compared with their rows, 0 rows wait for their entry\nthe chain ends with \d+:[0-9a-f]{64}\n$/,
  )
})

test('a role that owns tables is refused as the role of the service', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const other = new URL(database.url)
  await using owner = await openClient(database.url)
  const role = `service_${randomUUID().slice(0, 8)}`
  await owner.query(`create role ${role} login superuser`)
  t.after(() => dropRole(role))
  other.username = role
  const environment = { DATABASE_URL: other.href, DATABASE_OWNER_URL: database.url }
  const migrated = await runAuthctl(environment, 'migrate')
  assert.deepEqual([migrated.code, migrated.stdout], [1, ''])
  assert.match(migrated.stderr, /owns tables, such as \w+: give them to the role of DATABASE_OWNER_URL/)
})
