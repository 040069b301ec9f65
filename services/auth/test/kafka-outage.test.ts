import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toTopic } from '@immersiverse/auth-contract'
import { openKafka } from '../../../tools/parts/open-kafka.ts'
import { toPartMissing } from '../../../tools/parts/part-missing.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { readTopics, withoutRepetitions } from '../src/events/kafka-testing.ts'
import { until } from '../src/store/outbox-testing.ts'
import { connect, openTestAuth, toUniqueName } from './open-test-auth.ts'
import { startAuthProcess } from './start-auth-process.ts'

/** Keys of the records on a topic, each once. */
async function readKeys(brokers: string, topic: string): Promise<Set<string>> {
  return new Set(withoutRepetitions(await readTopics(brokers, [topic])).map(({ key }) => key))
}

test('O1 O2 O3: a kill right behind commits loses no user_created and invents none', async (t) => {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return
  const prefix = toUniqueName('t')
  const environment = {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: kafka.brokers,
    AUTH_TOPIC_PREFIX: prefix,
    AUTH_DATABASE_POOL: '20',
  }
  const answered = new Set<string>()
  for (let round = 0; round < 4; round += 1) {
    // From the second round on there are topics and a backlog: killed at other points of the relay's work.
    await using victim = await startAuthProcess(environment, './cheap-main.ts')
    const client = connect(victim.address)
    const enough = Promise.withResolvers<void>()
    const calls = Array.from({ length: 150 }, async () => {
      const { id } = await client.signUp()
      answered.add(id)
      if (answered.size >= 40 * (round + 1)) enough.resolve()
    })
    const all = Promise.allSettled(calls)
    await enough.promise
    await victim.kill('SIGKILL')
    await all
    client.close()
  }
  await using last = await openTestAuth({ databaseUrl: database.url, environment })
  const users = await last.database.kysely.selectFrom('users').select('id').execute()
  const committed = new Set(users.map(({ id }) => id))
  assert.ok(
    [...answered].every((id) => committed.has(id)),
    'an acknowledged user is not in the database',
  )
  const topic = toTopic('user_created', prefix)
  const waiting = last.database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
  await until(async () => (await waiting.execute()).length === 0, 60_000)
  const arrived = await readKeys(kafka.brokers, topic)
  assert.deepEqual(
    [...arrived].filter((id) => !committed.has(id)),
    [],
    'O3: told, and never committed',
  )
  assert.deepEqual(
    [...committed].filter((id) => !arrived.has(id)),
    [],
    'O2: committed, and never told',
  )
  t.diagnostic(`${committed.size} users committed, ${answered.size} answered before a kill`)
})

test('with the broker down people sign up and log in as ever, and the events arrive when it is back', async (t) => {
  const database = await openTestDatabase(t)
  const kafka = await openKafka().catch((error) => toPartMissing('Kafka', error))
  if (database === undefined) return
  if ('skipReason' in kafka) return t.skip(kafka.skipReason)
  t.after(() => kafka.close())
  const environment = { KAFKA_BROKERS: kafka.brokers }
  await using auth = await openTestAuth({ databaseUrl: database.url, environment })
  const before = await auth.signUp()
  await until(
    async () =>
      (await readKeys(kafka.brokers, toTopic('user_created')).catch(() => new Set())).has(before.id),
    60_000,
  )
  await kafka.stop()
  const people = await Promise.all(Array.from({ length: 20 }, () => auth.signUp()))
  for (const person of [before, ...people]) await auth.logIn(person)
  await kafka.start()
  const waiting = auth.database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
  await until(async () => (await waiting.execute()).length === 0, 60_000)
  const expected = [before, ...people].map(({ id }) => id).sort()
  for (const name of ['user_created', 'login_succeeded'] as const) {
    assert.deepEqual([...(await readKeys(kafka.brokers, toTopic(name)))].sort(), expected)
  }
})

test('with a broker that never answers the service starts, is ready and serves; a metric tells of the broker', async () => {
  await using auth = await openTestAuth({ environment: { KAFKA_BROKERS: '127.0.0.1:1' } })
  await auth.logIn(await auth.signUp())
  const get = async (path: string) => await fetch(`http://127.0.0.1:${auth.service.adminPort}${path}`)
  assert.equal((await get('/readyz')).status, 200)
  assert.match(await (await get('/metrics')).text(), /^auth_broker_up 0$/m)
})
