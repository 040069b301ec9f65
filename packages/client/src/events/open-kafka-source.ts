import type { ConnectionOptions } from 'node:tls'
import { type EventName, toTopic } from '@immersiverse/auth-contract'
import type { Consumer, Message, MessagesStream, SASLOptions } from '@platformatic/kafka'
import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import type { EventRecord, EventSource } from './event-record.ts'
import { fromMessage } from './from-message.ts'
import { waitFor } from './retry-forever.ts'

/** How Kafka is reached. */
export interface KafkaOptions {
  /** `host:port` of one or more brokers. */
  readonly brokers: readonly string[]
  /** Default: plaintext. */
  readonly tls?: ConnectionOptions
  readonly sasl?: SASLOptions
  /** The auth service's `AUTH_TOPIC_PREFIX`; default `auth`. */
  readonly topicPrefix?: string
  readonly clientId?: string
}

/** What the source needs. */
export interface KafkaSourceOptions {
  readonly kafka: KafkaOptions
  readonly group: string
  readonly names: readonly EventName[]
  /** Where a group starts that has not committed anything. */
  readonly from: 'earliest' | 'latest'
  readonly signal: AbortSignal
  readonly logger: Logger
}

type KafkaConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>
type KafkaStream = MessagesStream<Buffer, Buffer, Buffer, Buffer>
type KafkaMessage = Message<Buffer, Buffer, Buffer, Buffer>

/** How long closing waits for commits that are under way. */
const lastCommitMs = 5_000

/**
 * Reads events of a consumer group, in order per partition. A consumer that dies (its stream ends for good after an error:
 * platformatic/kafka issue 206; heartbeats that stall) is replaced by a new one after a backoff of 200 ms to 10 s. Topics that do not exist
 * yet are waited for, never created: the auth service makes them with the right policy.
 */
export async function* openKafkaSource(options: KafkaSourceOptions): EventSource {
  const { signal, logger, group } = options
  const backoff = makeBackoff({ firstMs: 200, maxMs: 10_000 })
  while (!signal.aborted) {
    try {
      for await (const record of readUntilBroken(options)) {
        backoff.reset()
        yield record
      }
    } catch (err) {
      if (!signal.aborted) logger.warn({ err, group }, 'the Kafka consumer broke; starting another')
    }
    await waitFor(backoff.next(), signal)
  }
}

/** One life of a consumer. Ends when the signal is aborted, throws when the consumer dies. */
async function* readUntilBroken(options: KafkaSourceOptions): EventSource {
  const consumer = await makeConsumer(options)
  const commits = new Set<Promise<void>>()
  try {
    const stream = await openStream(consumer, options)
    const stop = () => stream.destroy()
    options.signal.addEventListener('abort', stop, { once: true })
    try {
      for await (const message of stream) {
        if (options.signal.aborted) return
        if (isAssigned(consumer, message)) yield toRecord(message, commits, options)
      }
    } finally {
      options.signal.removeEventListener('abort', stop)
      // Before the stream is closed: commits go through it.
      await settleWithin(commits, lastCommitMs)
      stream.destroy()
    }
  } finally {
    await consumer
      .close(true)
      .catch((err) => options.logger.warn({ err }, 'the Kafka consumer did not close cleanly'))
  }
}

async function makeConsumer({ kafka, group }: KafkaSourceOptions): Promise<KafkaConsumer> {
  // Only services that read Kafka load its client.
  const { Consumer } = await import('@platformatic/kafka')
  return new Consumer<Buffer, Buffer, Buffer, Buffer>({
    clientId: kafka.clientId ?? group,
    groupId: group,
    bootstrapBrokers: [...kafka.brokers],
    autocreateTopics: false,
    autocommit: false,
    maxWaitTime: 500,
    sessionTimeout: 30_000,
    ...(kafka.tls === undefined ? {} : { tls: kafka.tls }),
    ...(kafka.sasl === undefined ? {} : { sasl: kafka.sasl }),
  })
}

async function openStream(consumer: KafkaConsumer, options: KafkaSourceOptions): Promise<KafkaStream> {
  const topics = options.names.map((name) => toTopic(name, options.kafka.topicPrefix))
  const stream = await consumer.consume({
    topics,
    mode: 'committed',
    fallbackMode: options.from,
    autocommit: false,
  })
  consumer.on('consumer:heartbeat:stalled', ({ lastError }) => {
    stream.destroy(lastError ?? new Error('heartbeats of the Kafka consumer have stalled'))
  })
  return stream
}

/** After a rebalance, records of partitions that now belong to another consumer are still in the buffer: they are its to handle. */
function isAssigned(consumer: KafkaConsumer, { topic, partition }: KafkaMessage): boolean {
  return (
    consumer.assignments?.some((one) => one.topic === topic && one.partitions.includes(partition)) ?? false
  )
}

function toRecord(
  message: KafkaMessage,
  commits: Set<Promise<void>>,
  { logger, group }: KafkaSourceOptions,
): EventRecord {
  return fromMessage(message, async () => {
    // Not awaited: the client sends one commit at a time and folds those that wait into the next. One that fails is made up for by the
    // next, or the event is delivered again.
    const commit: Promise<void> = Promise.resolve(message.commit())
      .catch((err: unknown) => logger.warn({ err, group }, 'a Kafka offset was not committed'))
      .then(() => void commits.delete(commit))
    commits.add(commit)
  })
}

async function settleWithin(commits: ReadonlySet<Promise<void>>, ms: number): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([Promise.all(commits), waitFor(ms, timeout.signal)])
  timeout.abort()
}
