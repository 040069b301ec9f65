import { type MessageToProduce, ProduceAcks, Producer } from '@platformatic/kafka'
import { type KafkaConnection, toClientOptions } from './kafka-connection.ts'
import { destroyProducer, splitBySize } from './kafka-publisher.ts'
import { toPartitionHash } from './murmur2.ts'
import { untilAborted } from './until-aborted.ts'

/** Writes records in transactions, as the only one under its transactional id. */
export interface KafkaTransactions {
  /** Ends the open transaction of whoever had the id before, and refuses everything that they still send. */
  takeOver(signal: AbortSignal): Promise<void>
  /**
   * Writes records that readers of committed ones see together or not at all. Rejects when it is not known whether they do, when another has
   * taken over, or when `signal` aborts; nothing is written any more then until `takeOver` is called.
   */
  write(messages: readonly MessageToProduce[], signal: AbortSignal): Promise<void>
  /** Ends connections, in bounded time. */
  close(): Promise<void>
}

interface Writer {
  readonly producer: Producer
  /** Begun, but unknown to the brokers until something is sent in it. */
  next: Awaited<ReturnType<Producer['beginTransaction']>> | undefined
}

/** The id's last transaction may still be on its way to being complete: that takes the brokers milliseconds, seconds on a bad day. */
const times = Object.freeze({ requestTimeout: 5000, timeout: 8000, retries: 60, retryDelay: 50 })

/** Makes a writer. It connects with `takeOver`. */
export function openKafkaTransactions(
  connection: KafkaConnection,
  transactionalId: string,
): KafkaTransactions {
  let writer: Writer | undefined

  async function discard(): Promise<void> {
    const failed = writer
    writer = undefined
    if (failed) await destroyProducer(failed.producer)
  }

  return {
    async takeOver(signal) {
      await discard()
      const producer = openProducer(connection, transactionalId)
      writer = { producer, next: undefined }
      try {
        writer.next = await untilAborted(producer.beginTransaction(unknownProducer), signal)
      } catch (error) {
        await discard()
        throw error
      }
    },
    async write(messages, signal) {
      if (writer === undefined) throw new Error('the transactional id was not taken over')
      try {
        await untilAborted(writeAll(writer, messages), signal)
      } catch (error) {
        await discard()
        throw error
      }
    },
    close: discard,
  }
}

async function writeAll(writer: Writer, messages: readonly MessageToProduce[]): Promise<void> {
  const transaction = writer.next ?? (await writer.producer.beginTransaction(unknownProducer))
  writer.next = undefined
  for (const part of splitBySize(messages)) await transaction.send({ messages: part })
  await transaction.commit()
}

/** InitProducerId asks "which am I?"; with the library's default, 0, it would claim to be producer 0 and be refused as fenced. */
const unknownProducer = Object.freeze({ producerId: -1n, producerEpoch: -1 })

function openProducer(connection: KafkaConnection, transactionalId: string): Producer {
  return new Producer({
    ...toClientOptions(connection),
    ...times,
    transactionalId,
    idempotent: true,
    acks: ProduceAcks.ALL,
    partitioner: (_message, key) => toPartitionHash(key ?? Buffer.alloc(0)),
  })
}
