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

const isThere = (error: unknown) => assert.fail(`the topic cannot be read: ${error}`)

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
    await using victim = await startAuthProcess(environment, './cheap-main.ts')
    // From the second round on there is a topic and a backlog: killed at other points of the relay's work.
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
  assert.deepEqual((await readKeys(kafka.brokers, topic).catch(isThere)).difference(committed).size, 0)
  assert.deepEqual(committed.difference(await readKeys(kafka.brokers, topic)).size, 0)
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

test('the service starts while the broker is down', async (t) => {
  const kafka = { KAFKA_BROKERS: '127.0.0.1:1' }
  await using auth = await openTestAuth({ environment: kafka })
  await auth.logIn(await auth.signUp())
  t.diagnostic(
    `${auth.logged.filter(({ message }) => /broker|kafka/i.test(message)).length} lines on the broker`,
  )
})
