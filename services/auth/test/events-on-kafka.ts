import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { eventNames, toTopic } from '@immersiverse/auth-contract'
import { Admin, Producer } from '@platformatic/kafka'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { readTopics } from '../src/events/kafka-testing.ts'
import { until } from '../src/store/outbox-testing.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'
import { runAuthctl } from './run-authctl.ts'

/** A service that publishes to topics of its own, and `authctl events` beside it; undefined where the machine has no Kafka. */
export async function openOnKafka(t: TestContext) {
  const [database, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (database === undefined || kafka === undefined) return undefined
  const prefix = toUniqueName('t')
  const kafkaSettings = { KAFKA_BROKERS: kafka.brokers, AUTH_TOPIC_PREFIX: prefix }
  const auth = await openTestAuth({ databaseUrl: database.url, environment: kafkaSettings })
  t.after(() => auth.close())
  const published = async () => {
    const waiting = auth.database.kysely.selectFrom('outbox').select('id').where('published_at', 'is', null)
    await until(async () => (await waiting.execute()).length === 0, 60_000)
  }
  const topics = eventNames.map((name) => toTopic(name, prefix))
  const read = () => readTopics(kafka.brokers, topics)
  const environment = { DATABASE_URL: database.url, ...kafkaSettings }
  const run = (...args: string[]) => runAuthctl(environment, 'events', ...args)
  return { auth, prefix, brokers: kafka.brokers.split(','), published, read, run }
}

/** What `events reconcile --json` finds, and its exit code. */
export async function reconcile(
  run: (...args: string[]) => ReturnType<typeof runAuthctl>,
  ...args: string[]
) {
  const { code, stdout, stderr } = await run('reconcile', '--json', ...args)
  assert.equal(stderr, '')
  const { missing, phantom, changed, outOfOrder, ...counts } = JSON.parse(stdout)
  return { code, missing, phantom, changed, outOfOrder, ...counts }
}

/** Deletes a topic. */
export async function plantLoss(brokers: string[], topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics({})).includes(topic))
  await admin.close()
}

/** Makes a topic as the service would. */
export async function makeTopic(brokers: string[], topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
  await admin.createTopics({ topics: [topic], partitions: 12, replicas: 1 })
  await admin.metadata({ topics: [topic], forceUpdate: true })
  await admin.close()
}

/** Writes a record to the topic's partition 0. */
export async function produce(
  brokers: string[],
  topic: string,
  key: string,
  value: string,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'test',
    bootstrapBrokers: brokers,
  })
  const pairs = Object.entries(headers).map(
    ([name, text = '']) => [Buffer.from(name), Buffer.from(text)] as const,
  )
  const message = { topic, key: Buffer.from(key), value: Buffer.from(value), headers: new Map(pairs) }
  await producer.send({ messages: [{ ...message, partition: 0 }], acks: -1 })
  await producer.close(true)
}
