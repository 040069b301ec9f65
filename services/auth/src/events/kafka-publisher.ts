import { type MessageToProduce, ProduceAcks, Producer } from '@platformatic/kafka'
import { type KafkaConnection, toClientOptions } from './kafka-connection.ts'
import { toPartitionHash } from './murmur2.ts'
import { untilAborted } from './until-aborted.ts'

/** Sends records to Kafka. */
export interface KafkaPublisher {
  /**
   * Resolves once all records are acknowledged by all in-sync replicas, in this order within a partition. Rejects when that is not known,
   * or when `signal` aborts; nothing of the call is on its way any more then. One call at a time.
   */
  publish(messages: readonly MessageToProduce[], signal: AbortSignal): Promise<void>
  /** Ends connections, in bounded time. */
  close(): Promise<void>
}

/** Other times than `toClientOptions` sets. */
export type KafkaTimes = Partial<
  Pick<
    ReturnType<typeof toClientOptions>,
    'connectTimeout' | 'requestTimeout' | 'timeout' | 'retries' | 'retryDelay'
  >
>

/** Below the brokers' default of 1 MiB for all records of one partition in a request. */
const requestBytesMax = 768 * 1024
const headerBytesGuess = 1024

/**
 * Makes an idempotent publisher, one request at a time for each partition. It connects on first use. A producer that failed is thrown
 * away with its connections, and the next call begins with a new one: so nothing of a failed call can arrive between the records of a
 * later one, except as a duplicate of what is there already.
 */
export function openKafkaPublisher(connection: KafkaConnection, times: KafkaTimes = {}): KafkaPublisher {
  let producer: Producer | undefined

  async function discard(): Promise<void> {
    const failed = producer
    producer = undefined
    if (failed) await destroyProducer(failed)
  }

  return {
    async publish(messages, signal) {
      try {
        for (const part of splitBySize(messages)) {
          signal.throwIfAborted()
          producer ??= openProducer(connection, times)
          await untilAborted(producer.send({ messages: part }), signal)
        }
      } catch (error) {
        await discard()
        throw error
      }
    },
    close: discard,
  }
}

function openProducer(connection: KafkaConnection, times: KafkaTimes): Producer {
  return new Producer({
    ...toClientOptions(connection),
    ...times,
    idempotent: true,
    acks: ProduceAcks.ALL,
    // The library takes the remainder by the topic's partition count.
    partitioner: (_message, key) => toPartitionHash(key ?? Buffer.alloc(0)),
  })
}

function splitBySize(messages: readonly MessageToProduce[]): MessageToProduce[][] {
  const parts: MessageToProduce[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const message of messages) {
    const size = (message.value?.byteLength ?? 0) + headerBytesGuess
    if (bytes + size > requestBytesMax) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(message)
    bytes += size
  }
  return parts
}

/** Cuts the connections, so that a request that hangs ends as well; a graceful close would wait for it. */
async function destroyProducer(producer: Producer): Promise<void> {
  for (const [, connection] of producer.connections) connection.socket?.destroy()
  await Promise.race([
    producer.close(true).catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 500).unref()),
  ])
}
