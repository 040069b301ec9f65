import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { until } from '../src/store/outbox-testing.ts'
import { liveThrough, openLivedPlatform } from './live-through.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'
import { runAuthctl } from './run-authctl.ts'

/** A database with an owner and a role of the service, who may connect to it and nothing else. */
async function openRoles(t: TestContext) {
  const database = await openTestDatabase(t)
  if (database === undefined) return undefined
  const [owner, service] = [toUniqueName('owner'), toUniqueName('service')]
  const name = new URL(database.url).pathname.slice(1)
  await execute(database.url, [
    `create role ${owner} login; create role ${service} login`,
    `alter database ${name} owner to ${owner}`,
    `revoke create on schema public from public; grant create on schema public to ${owner}`,
  ])
  const server = Object.assign(new URL(database.url), { pathname: '/postgres' }).href
  // After the database, where they own something.
  t.after(() => execute(server, [`drop role ${owner}`, `drop role ${service}`]))
  const toUrl = (user: string) => Object.assign(new URL(database.url), { username: user }).href
  return { owner: toUrl(owner), service: toUrl(service) }
}

async function execute(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

test("with an owner the service's role works and can change nothing of the schema", async (t) => {
  const [urls, kafka] = [await openRoles(t), await requireTestKafka(t)]
  if (urls === undefined || kafka === undefined) return
  const environment = {
    ...(await openLivedPlatform(t)),
    DATABASE_OWNER_URL: urls.owner,
    KAFKA_BROKERS: kafka.brokers,
    AUTH_TOPIC_PREFIX: toUniqueName('t'),
    AUTH_OUTBOX_RETENTION: '1s',
  }
  await using auth = await openTestAuth({ databaseUrl: urls.service, environment })
  await liveThrough(auth)
  await runAuthctl({ DATABASE_URL: urls.service }, 'keys', 'rotate')
  const { kysely } = auth.database

  await t.test('events are published, and deleted when their time is over', async () => {
    const deleted = sql<{ upTo: number }>`select deleted_up_to as "upTo" from outbox_deletions`
    await until(async () => ((await deleted.execute(kysely)).rows[0]?.upTo ?? 0) > 0, 60_000)
  })

  await t.test('it can neither change tables nor forget what must stay', async () => {
    for (const statement of [
      'drop table users',
      'alter table outbox add column x text',
      'truncate outbox',
      'create table mine (id int)',
      'delete from users',
      'delete from sessions',
      'update request_ids set user_id = user_id',
      'insert into auth_migrations (name, timestamp) values ($$x$$, $$x$$)',
      'drop index users_username_skeleton',
      'create trigger t before insert on users for each row execute function suppress_redundant_updates_trigger()',
    ]) {
      const tried = sql.raw(statement).execute(kysely)
      await assert.rejects(tried, { code: '42501' }, statement)
    }
  })

  await t.test('replicas that start at once all let the role in', async () => {
    const open = () => openTestAuth({ databaseUrl: urls.service, environment })
    const replicas = await Promise.all([open(), open(), open()])
    await Promise.all(replicas.map((replica) => replica.signUp()))
    await Promise.all(replicas.map((replica) => replica.close()))
  })

  await t.test('a replica without the owner serves on the schema that is there', async () => {
    const { DATABASE_OWNER_URL: _owner, ...alone } = environment
    await using replica = await openTestAuth({ databaseUrl: urls.service, environment: alone })
    await replica.logIn(await auth.signUp())
  })
})

test('authctl migrates as the owner, and lets the service in', async (t) => {
  const urls = await openRoles(t)
  if (urls === undefined) return
  const refused = await runAuthctl({ DATABASE_URL: urls.service }, 'migrate')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^authctl: .*permission denied.*\n$/)
  const migrated = await runAuthctl({ DATABASE_URL: urls.service, DATABASE_OWNER_URL: urls.owner }, 'migrate')
  assert.match(migrated.stdout, /^migrated: 0001-/)
  await using auth = await openTestAuth({ databaseUrl: urls.service })
  await auth.signUp()
})
