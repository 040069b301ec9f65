import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connectAuth, makePostgresUserProjection } from '@immersiverse/auth-client'
import { UserStatus } from '@immersiverse/auth-contract'
import pg from 'pg'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { until } from '../src/store/outbox-testing.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'

/** The service with its relay, and a database that belongs to another service; undefined where either part is missing. */
async function openWorld(t: TestContext) {
  const [database, own, kafka] = [
    await openTestDatabase(t),
    await openTestDatabase(t),
    await requireTestKafka(t),
  ]
  if (database === undefined || own === undefined || kafka === undefined) return undefined
  const topicPrefix = toUniqueName('t')
  const environment = { KAFKA_BROKERS: kafka.brokers, AUTH_TOPIC_PREFIX: topicPrefix }
  const service = await openTestAuth({ databaseUrl: database.url, environment })
  t.after(() => service.close())
  const pool = new pg.Pool({ connectionString: own.url, max: 4 })
  pool.on('error', () => undefined)
  const connected: AsyncDisposable[] = []
  // In this order: a pool ends when its connections are back.
  t.after(async () => {
    await Promise.all(connected.map((auth) => auth[Symbol.asyncDispose]()))
    await pool.end()
  })
  const projection = makePostgresUserProjection({ pool })
  const warnings: { readonly err?: Error }[] = []
  const logger = { warn: (fields: object) => warnings.push(fields), error: () => undefined }
  const kafkaOptions = { brokers: kafka.brokers.split(','), topicPrefix }
  const { address } = service
  /** Starts a process that follows; resolves to what ends it by SIGKILL. */
  const startProcess = () => {
    const facts = JSON.stringify({ ...{ address, ...kafkaOptions }, databaseUrl: own.url })
    const child = fork(fileURLToPath(new URL('./follow-users-main.ts', import.meta.url)), [facts], {
      execArgv: ['--conditions=source'],
    })
    const kill = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    t.after(kill)
    return kill
  }
  const connect = async () => {
    const auth = await connectAuth({ address, verification: 'remote', kafka: kafkaOptions, logger })
    connected.push(auth)
    return auth
  }
  const readUsers = async () =>
    new Map((await pool.query('select * from auth_users')).rows.map((row) => [String(row.id), row] as const))
  return { service, pool, projection, connect, startProcess, warnings, readUsers }
}

test('a service joins users in its own SQL: complete at first, up to date later, warm after it was killed', async (t) => {
  const world = await openWorld(t)
  if (world === undefined) return
  const { service, pool, projection, connect, warnings, readUsers } = world
  const [kept, gone] = [await service.signUp(), await service.signUp()]
  const auth = await connect()
  const following = auth.followUsers({ into: projection })
  await until(() =>
    warnings.some(({ err }) => err?.message.includes('create table if not exists auth_users')),
  )
  await projection.create(pool)
  await following.complete(AbortSignal.timeout(60_000))
  await until(() => following.status().state === 'following' && following.status().error === undefined)
  const { rows } = await pool.query('select as_of, is_complete from auth_users_state')
  assert.ok(rows[0].is_complete && rows[0].as_of instanceof Date)
  assert.equal((await readUsers()).get(kept.id)?.username, kept.username)

  await service.users.updateUser({ userId: kept.id, displayName: 'Mina', subscriptionTier: 'PREMIUM' })
  await service.users.deleteUser({ userId: gone.id })
  await until(async () => (await readUsers()).get(gone.id)?.is_deleted === true)
  await until(async () => (await readUsers()).get(kept.id)?.subscription_tier === 'PREMIUM')
  const { written_at: _written, list: _list, epoch: _epoch, ...user } = (await readUsers()).get(kept.id)
  assert.deepEqual(user, {
    ...{ id: kept.id, username: kept.username, display_name: 'Mina', status: 'ACTIVE', roles: [] },
    ...{ subscription_tier: 'PREMIUM', version: '2', is_deleted: false },
  })
  const erased = (await readUsers()).get(gone.id)
  assert.deepEqual([erased.username, erased.display_name, erased.status], [null, null, 'DELETED'])

  // A second process waits, and goes on where the first one stood when its connection was cut.
  await using second = await connect()
  const standby = second.followUsers({ into: projection })
  await standby.complete(AbortSignal.timeout(60_000))
  await until(() => standby.status().state === 'standby')
  const stood = await readOffsets(pool)
  await auth.close()
  assert.equal(following.status().state, 'closed')
  const late = await service.signUp()
  await service.users.updateUser({ userId: kept.id, status: UserStatus.SUSPENDED })
  await until(async () => (await readUsers()).get(kept.id)?.status === 'SUSPENDED')
  await until(async () => (await readUsers()).has(late.id))
  const went = await readOffsets(pool)
  assert.ok(went.every((offset, partition) => offset >= (stood[partition] ?? 0n)))
  assert.equal(await readList(pool), '1', 'nothing was listed again')

  // Every connection dies: what was under way is lost, nothing is lost for good.
  await pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  const later = await service.signUp()
  await until(async () => (await readUsers()).has(later.id))
  assert.equal(await readList(pool), '1')
})

test('a process that is killed again and again in the middle of it loses nothing, and lists nothing twice', async (t) => {
  const world = await openWorld(t)
  if (world === undefined) return
  const { service, pool, projection, readUsers, startProcess } = world
  await projection.create(pool)
  const deleted: string[] = []
  for (let round = 0; round < 4; round++) {
    const kill = startProcess()
    // Before that it is on its way; behind it something is always under way.
    await until(async () => (await pool.query('select from auth_users_state')).rows.length > 0)
    const { size } = await readUsers()
    const changes = Array.from({ length: 24 }, async (_, n) => {
      const { id } = await service.signUp()
      if (n % 2 === 0) await service.users.updateUser({ userId: id, displayName: `Mina ${round}` })
      if (n % 4 !== 0) return
      await service.users.deleteUser({ userId: id })
      deleted.push(id)
    })
    await until(async () => (await readUsers()).size > size, 60_000)
    await kill()
    await Promise.all(changes)
  }
  startProcess()
  const { users } = await service.users.listUsers({ pageSize: 500 })
  const expected = users.map(({ id, username, displayName, version }) => [id, username, displayName, version])
  assert.equal(expected.length, 4 * 18)
  await until(async () => {
    const rows = await readUsers()
    return rows.size === 4 * 24 && deleted.every((id) => rows.get(id)?.is_deleted)
  }, 60_000)
  const toFacts = () =>
    pool.query('select id, username, display_name, version from auth_users where not is_deleted order by id')
  await until(async () => (await toFacts()).rows.filter(({ version }) => version === '2').length === 4 * 6)
  const { rows } = await toFacts()
  assert.deepEqual(
    rows.map((row) => [row.id, row.username, row.display_name, BigInt(row.version)]),
    expected.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  )
  assert.equal(await readList(pool), '1')
})

test('where the position is gone users are listed anew, and the table is never empty meanwhile', async (t) => {
  const world = await openWorld(t)
  if (world === undefined) return
  const { service, pool, projection, connect, readUsers } = world
  await projection.create(pool)
  const person = await service.signUp()
  {
    await using auth = await connect()
    await auth.followUsers({ into: projection }).complete(AbortSignal.timeout(60_000))
  }
  const lost = '01890000-0000-7000-8000-000000000001'
  await pool.query(
    `insert into auth_users select $1, 'lost', 'lost', 'ACTIVE', '{}', '', 9, false, epoch, list from auth_users_state`,
    [lost],
  )
  await pool.query('update auth_users_positions set next_offset = 1000000000')
  await using auth = await connect()
  auth.followUsers({ into: projection })
  await until(async () => {
    const users = await readUsers()
    assert.equal(users.get(person.id)?.username, person.username)
    return users.get(lost)?.is_deleted === true
  })
  assert.equal(await readList(pool), '2')
})

test('without Kafka there is no topic to follow', async (t) => {
  const service = await openTestAuth()
  t.after(() => service.close())
  await using auth = await connectAuth({ address: service.address, verification: 'remote' })
  const into = { openWriter: () => assert.fail('opened'), readAsOf: () => assert.fail('read') }
  assert.throws(() => auth.followUsers({ into }), TypeError)
})

async function readOffsets(pool: pg.Pool): Promise<bigint[]> {
  const { rows } = await pool.query('select next_offset from auth_users_positions order by partition')
  return rows.map(({ next_offset }) => BigInt(next_offset))
}

async function readList(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query('select list from auth_users_state')
  return rows[0].list
}
