import { toTopic } from '@immersiverse/auth-contract'
import { type MessageToProduce, ProduceAcks, Producer } from '@platformatic/kafka'
import type { NumberedEvent } from '../store/outbox.ts'
import { toCloudEventAttributes } from './cloud-event-attributes.ts'
import { toClientOptions } from './kafka-connection.ts'
import { type KafkaTopicsOptions, makeTopics } from './kafka-topics.ts'
import { toPartitionHash } from './murmur2.ts'
import type { EventSink } from './sink.ts'

/** What {@link openKafkaSink} needs. */
export interface KafkaSinkOptions extends KafkaTopicsOptions {
  /** The CloudEvents source: the issuer. */
  readonly source: string
}

/** Below the brokers' default of 1 MiB for all records of one partition in a request. */
const requestBytesMax = 768 * 1024
const headerBytesGuess = 1024

/**
 * Publishes to Kafka: idempotent, acknowledged by all in-sync replicas, one request at a time for each partition. Connects on
 * first use. A producer that failed is thrown away with its connections, and the next call begins with a new one: so nothing of
 * a failed call can arrive between the records of a later one, except as a duplicate of what is there already.
 */
export function openKafkaSink(options: KafkaSinkOptions): EventSink {
  let producer: Producer | undefined

  async function discard(): Promise<void> {
    const failed = producer
    producer = undefined
    if (failed) await destroyProducer(failed)
  }

  return {
    async prepare(signal) {
      await untilAborted(makeTopics(options), signal)
    },
    async publish(events, signal) {
      try {
        for (const part of splitBySize(events)) {
          signal.throwIfAborted()
          producer ??= openProducer(options)
          const messages = part.map((event) => toMessage(event, options))
          await untilAborted(producer.send({ messages }), signal)
        }
      } catch (error) {
        await discard()
        throw error
      }
    },
    close: discard,
  }
}

function openProducer(options: KafkaSinkOptions): Producer {
  return new Producer({
    ...toClientOptions(options.connection),
    idempotent: true,
    acks: ProduceAcks.ALL,
    // The library takes the remainder by the topic's partition count.
    partitioner: (_message, key) => toPartitionHash(key ?? Buffer.alloc(0)),
  })
}

/** A record: its key, the message's bytes as they were committed, and CloudEvents in binary mode. */
function toMessage(event: NumberedEvent, options: KafkaSinkOptions): MessageToProduce {
  const headers = new Map<Buffer, Buffer>()
  headers.set(Buffer.from('content-type'), Buffer.from(event.contentType))
  for (const [name, value] of Object.entries(toCloudEventAttributes(event, options.source))) {
    // traceparent is not an attribute of the event but of the call: W3C's own name.
    headers.set(Buffer.from(name === 'traceparent' ? name : `ce_${name}`), Buffer.from(value))
  }
  return {
    topic: toTopic(event.event, options.topicPrefix),
    key: Buffer.from(event.key),
    value: Buffer.from(event.data.buffer, event.data.byteOffset, event.data.byteLength),
    headers,
  }
}

function splitBySize(events: readonly NumberedEvent[]): NumberedEvent[][] {
  const parts: NumberedEvent[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const event of events) {
    const size = event.data.byteLength + headerBytesGuess
    if (bytes + size > requestBytesMax) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(event)
    bytes += size
  }
  return parts
}

/** Like `work`, but rejects as soon as `signal` aborts. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Cuts the connections, so that a request that hangs ends as well; a graceful close would wait for it. */
async function destroyProducer(producer: Producer): Promise<void> {
  for (const [, connection] of producer.connections) connection.socket?.destroy()
  await Promise.race([
    producer.close(true).catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 500).unref()),
  ])
}
