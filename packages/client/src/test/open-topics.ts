import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { type EventName, toDeadLetterTopic, toTopic } from '@immersiverse/auth-contract'
import { Admin, Consumer, Producer } from '@platformatic/kafka'
import { requireTestKafka } from '../../../../tools/parts/test-kafka.ts'
import { type Events, type EventsOptions, makeEvents } from '../events/make-events.ts'
import type { EventSubscription } from '../events/start-subscription.ts'
import type { Logger } from '../logger.ts'
import { encodeData, makeAttributes, type RecordOptions } from './make-record.ts'

/** A topic prefix of the test's own, with the means to write to it and to consume it; undefined where there is no Kafka. */
export async function openTopics(
  t: TestContext,
  names: readonly EventName[],
  { withDeadLetters = true } = {},
) {
  const kafka = await requireTestKafka(t)
  if (kafka === undefined) return undefined
  const brokers = kafka.brokers.split(',')
  const topicPrefix = `t${randomUUID()}`
  const options = { clientId: 'test', bootstrapBrokers: brokers }
  const admin = new Admin(options)
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(options)
  const subscriptions: EventSubscription[] = []
  const warnings: object[] = []
  const logger: Logger = { warn: (fields) => warnings.push(fields), error: (fields) => warnings.push(fields) }
  const create = () =>
    admin.createTopics({
      topics: [
        ...names.map((name) => toTopic(name, topicPrefix)),
        ...(withDeadLetters ? [toDeadLetterTopic(topicPrefix)] : []),
      ],
      partitions: 4,
      replicas: 1,
    })
  t.after(async () => {
    await Promise.all(subscriptions.map((one) => one.close()))
    await Promise.all([admin.close(), producer.close()])
  })
  const events = (group: string, options: Partial<EventsOptions> = {}): Events => {
    const parts = { kafka: { brokers, topicPrefix }, logger, running: new Set<AsyncDisposable>() }
    const watch = { watchEvents: () => assert.fail('watched') }
    return makeEvents({ ...parts, watch }, { group, ...options })
  }
  const start = (one: Events): EventSubscription => {
    const subscription = one.start()
    subscriptions.push(subscription)
    return subscription
  }
  const send = (list: readonly (readonly [EventName, RecordOptions<EventName>])[]) =>
    producer.send({ messages: list.map(([name, record]) => toMessage(topicPrefix, name, record)) })
  const readDeadLetters = (count: number) => readRecords(options, toDeadLetterTopic(topicPrefix), count)
  return { create, events, start, send, warnings, readDeadLetters }
}

/** The first `count` records of a topic, with text in place of bytes. */
async function readRecords(
  options: { clientId: string; bootstrapBrokers: string[] },
  topic: string,
  count: number,
) {
  const consumer = new Consumer<Buffer, Buffer, Buffer, Buffer>({ ...options, groupId: randomUUID() })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  const records: { key: string; value: string; headers: Record<string, string> }[] = []
  for await (const { key, value, headers } of stream) {
    const texts = [...headers].map(([name, text]) => [name.toString(), text.toString()])
    records.push({ key: key.toString(), value: value.toString(), headers: Object.fromEntries(texts) })
    if (records.length === count) break
  }
  await consumer.close(true)
  return records.toSorted((a, b) => a.key.localeCompare(b.key))
}

function toMessage(topicPrefix: string, name: EventName, record: RecordOptions<EventName>) {
  const { traceparent = '', ...attributes } = makeAttributes(name, record)
  const headers = new Map(
    Object.entries(attributes).map(([key, value]) => [Buffer.from(`ce_${key}`), Buffer.from(value)]),
  )
  headers.set(Buffer.from('traceparent'), Buffer.from(traceparent))
  headers.set(Buffer.from('content-type'), Buffer.from(`application/${record.encoding ?? 'json'}`))
  const key = Buffer.from(record.key ?? 'u1')
  return { topic: toTopic(name, topicPrefix), key, value: encodeData(name, record), headers }
}
