import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { openKafka } from './open-kafka.ts'
import { sharedKafka } from './shared-kafka.ts'
import { requireTestKafka } from './test-kafka.ts'

const shared = await sharedKafka()
const skip = 'skipReason' in shared ? shared.skipReason : false

describe('a Kafka of the test’s own', { skip }, () => {
  test('keeps its records over SIGKILL and a new start on the same port', async () => {
    await using kafka = await openKafka()
    await createTopic(kafka.brokers, 'kept')
    await produce(kafka.brokers, 'kept', 'before')
    await kafka.kill()
    await kafka.start()
    await produce(kafka.brokers, 'kept', 'after')
    assert.deepEqual(await consume(kafka.brokers, 'kept', 2), ['before', 'after'])
  })
})

test('the run’s Kafka carries records', async (t) => {
  const kafka = await requireTestKafka(t)
  if (kafka === undefined) return
  const topic = `parts-${randomUUID()}`
  await createTopic(kafka.brokers, topic)
  await produce(kafka.brokers, topic, 'hello')
  assert.deepEqual(await consume(kafka.brokers, topic, 1), ['hello'])
})

test('the run says where its Kafka is, or why there is none', async () => {
  assert.deepEqual(await sharedKafka({ TEST_KAFKA_BROKERS: 'h:1' }), { brokers: 'h:1' })
  assert.deepEqual(await sharedKafka({ TEST_KAFKA_SKIP_REASON: 'none' }), { skipReason: 'none' })
})

async function createTopic(brokers: string, topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers.split(',') })
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
  await admin.close()
}

async function produce(brokers: string, topic: string, value: string): Promise<void> {
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: brokers.split(','),
    serializers: stringSerializers,
  })
  await producer.send({ messages: [{ topic, value }] })
  await producer.close()
}

async function consume(brokers: string, topic: string, count: number): Promise<string[]> {
  const consumer = new Consumer({
    clientId: 'test',
    groupId: randomUUID(),
    bootstrapBrokers: brokers.split(','),
    deserializers: stringDeserializers,
  })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
  const values: string[] = []
  for await (const message of stream) {
    values.push(message.value)
    if (values.length === count) break
  }
  await consumer.close(true)
  return values
}
