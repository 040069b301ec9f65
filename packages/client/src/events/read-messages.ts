import type { Consumer, Message, MessagesStream } from '@platformatic/kafka'
import { hasApiId } from './has-api-id.ts'
import { type StartPosition, seedOffsets } from './seed-offsets.ts'

/** Kafka's client with bytes left as they are. */
export type KafkaConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>
/** A record as Kafka's client hands it over. */
export type KafkaMessage = Message<Buffer, Buffer, Buffer, Buffer>
type KafkaStream = MessagesStream<Buffer, Buffer, Buffer, Buffer>

/** What to read. */
export interface ReadMessagesOptions {
  readonly topics: string[]
  readonly from: StartPosition
  readonly signal: AbortSignal
}

/**
 * Reads the partitions that the group assigns to a consumer, until the signal is aborted; throws when the consumer has died: its stream
 * broke, a rejoin failed, its heartbeats stalled, or the group has forgotten it. Every generation of the group gets a stream of its own that starts at the committed
 * offsets: a stream kept over a rebalance would go on from its own position and hand over records of partitions it has lost.
 */
export async function* readMessages(
  consumer: KafkaConsumer,
  { topics, from, signal }: ReadMessagesOptions,
): AsyncIterable<KafkaMessage> {
  const fallbackMode = from === 'latest' ? 'latest' : 'earliest'
  const open = async (): Promise<KafkaStream> => {
    if (from instanceof Date) await seedOffsets(consumer, topics, from)
    return await consumer.consume({ topics, mode: 'committed', fallbackMode, autocommit: false })
  }
  let stream = await open()
  let next: Promise<KafkaStream> | undefined
  const replace = (): void => {
    const old = stream
    // Opened before the old one is closed: a consumer without a stream on a topic leaves it, and the group would rebalance for ever.
    next ??= open()
    next.then(
      () => old.destroy(),
      (error: Error) => old.destroy(error),
    )
  }
  const stop = (): void => void stream.destroy()
  const fail = (error?: Error): void => void stream.destroy(error ?? new Error('heartbeats have stalled'))
  consumer.on('consumer:group:join', replace)
  consumer.on('consumer:heartbeat:stalled', ({ lastError }) => fail(lastError))
  // With KIP-848 the client goes on as if nothing were: it reads partitions that are others' and can commit nothing.
  const failForgotten = ({ error }: { readonly error: Error }): void => {
    if (hasApiId(error, 'UNKNOWN_MEMBER_ID')) fail(error)
  }
  consumer.on('consumer:heartbeat:error', failForgotten)
  // Emitted when a rejoin has failed for good; without a listener it would end the process.
  consumer.on('error', fail)
  signal.addEventListener('abort', stop, { once: true })
  try {
    while (!signal.aborted) {
      yield* readStream(stream, () => next !== undefined || signal.aborted)
      if (signal.aborted && next === undefined) return
      if (next === undefined) throw new Error('the stream has ended')
      stream = await next
      next = undefined
    }
  } finally {
    signal.removeEventListener('abort', stop)
    consumer.off('consumer:group:join', replace)
    consumer.off('consumer:heartbeat:error', failForgotten)
    stream.destroy()
  }
}

/** The stream's records until it ends; an end that was wanted is none of its faults. */
async function* readStream(stream: KafkaStream, isWanted: () => boolean): AsyncIterable<KafkaMessage> {
  try {
    for await (const message of stream) {
      if (isWanted()) return
      yield message
    }
  } catch (error) {
    if (!isWanted()) throw error
  }
}
