import type { Consumer } from '@platformatic/kafka'
import { hasApiId } from './has-api-id.ts'
import { type KafkaOptions, toClientOptions } from './kafka-options.ts'

/** A record as it stands on a partition. */
export interface PartitionRecord {
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
}

/** The first partition of one topic, read by offsets: no group, no commits, no offset that is chosen for its reader. */
export interface PartitionReader extends AsyncDisposable {
  /** Of the topic as it is now: one that is deleted and made anew has another. */
  readonly topicId: string
  /** The offset of the first record that is kept, and the one behind the last, when the reader was opened. */
  readonly begin: bigint
  readonly end: bigint
  /**
   * Records from an offset on, in order, then what is added, until the reader is closed.
   * @throws OffsetGoneError where the offset or the topic is not there any more; any other error is a broken connection.
   */
  read(offset: bigint): AsyncGenerator<PartitionRecord, never, undefined>
}

/** There is nothing at an offset, and going on elsewhere would leave something out. */
export class OffsetGoneError extends Error {
  override readonly name = 'OffsetGoneError'
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>

/** How long a fetch waits for a record. One that is there already, or that comes, is answered at once. */
const maxWaitMs = 500
const bytesMax = 1024 * 1024
const partition = 0
/** ListOffsets: the timestamps that stand for both ends. */
const [latest, earliest] = [-1n, -2n]
/** Not said: the brokers then do not compare. */
const noEpoch = -1

/**
 * Opens a reader of a topic's partition 0. It never retries: every error ends it, and whoever wants to go on opens another. Rejects where the
 * brokers cannot be reached or have no such topic; `signal` ends it at any time.
 */
export async function openPartitionReader(
  kafka: KafkaOptions,
  topic: string,
  signal: AbortSignal,
): Promise<PartitionReader> {
  const consumer = await makeConsumer(kafka)
  const close = () => closeConsumer(consumer)
  signal.addEventListener('abort', close, { once: true })
  const dispose = async () => {
    signal.removeEventListener('abort', close)
    await close()
  }
  try {
    signal.throwIfAborted()
    const metadata = await consumer.metadata({ topics: [topic], forceUpdate: true })
    const { id: topicId, partitions } = metadata.topics.get(topic) ?? {}
    const node = partitions?.[partition]?.leader
    if (topicId === undefined || node === undefined) throw new Error(`the topic ${topic} has no leader`)
    const listOffset = async (timestamp: bigint): Promise<bigint> => {
      const offsets = await consumer.listOffsets({
        topics: [topic],
        partitions: { [topic]: [partition] },
        timestamp,
      })
      return offsets.get(topic)?.[partition] ?? -1n
    }
    const [begin, end] = await Promise.all([listOffset(earliest), listOffset(latest)])
    if (begin < 0n || end < begin) throw new Error(`the topic ${topic} does not say where it begins and ends`)
    const read = (offset: bigint) => readFrom(consumer, { topicId, node }, offset)
    return { topicId, begin, end, read, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function makeConsumer(kafka: KafkaOptions): Promise<Consumer> {
  // Only services that read Kafka load its client.
  const { Consumer } = await import('@platformatic/kafka')
  const consumer = new Consumer({
    ...toClientOptions(kafka, 'auth-revocations'),
    // The client wants a name; a group is only joined by `consume`, which is not used here.
    groupId: 'none',
    autocreateTopics: false,
    retries: 0,
    connectTimeout: 3_000,
    requestTimeout: 5_000,
  })
  // Every call reports its own failure; without a listener this would end the process.
  consumer.on('error', () => undefined)
  return consumer
}

async function* readFrom(
  consumer: Consumer,
  { topicId, node }: { readonly topicId: string; readonly node: number },
  from: bigint,
): AsyncGenerator<PartitionRecord, never, undefined> {
  let offset = from
  for (;;) {
    const place = {
      partition,
      fetchOffset: offset,
      currentLeaderEpoch: noEpoch,
      lastFetchedEpoch: noEpoch,
      partitionMaxBytes: bytesMax,
    }
    const topics = [{ topicId, partitions: [place] }]
    const response = await consumer
      .fetch({ node, topics, minBytes: 1, maxBytes: bytesMax, maxWaitTime: maxWaitMs })
      .catch(rethrowFetchError)
    for (const { record, next } of listRecords(response)) {
      // A fetch answers with whole batches, which may begin before the offset.
      if (next <= offset) continue
      offset = next
      if (record !== undefined) yield record
    }
  }
}

/** The records of a response, and after each batch an entry without one: it may end with offsets that have none. */
function* listRecords(
  response: FetchResponse,
): Generator<{ readonly next: bigint; readonly record?: PartitionRecord }> {
  const batches = response.responses.flatMap(({ partitions }) =>
    partitions.flatMap(({ records }) => records ?? []),
  )
  for (const { attributes, firstOffset, lastOffsetDelta, records } of batches) {
    for (const { key, value, headers, offsetDelta } of (attributes & controlBatch) === 0 ? records : []) {
      const offset = firstOffset + BigInt(offsetDelta)
      yield { next: offset + 1n, record: { offset, key, value, headers } }
    }
    yield { next: firstOffset + BigInt(lastOffsetDelta) + 1n }
  }
}

/** The bit of a batch that holds a transaction's marker and no records. */
const controlBatch = 0x20

const goneErrors = Object.freeze(['OFFSET_OUT_OF_RANGE', 'UNKNOWN_TOPIC_ID', 'UNKNOWN_TOPIC_OR_PARTITION'])

function rethrowFetchError(cause: unknown): never {
  const found = goneErrors.find((id) => hasApiId(cause, id))
  if (found === undefined) throw cause
  throw new OffsetGoneError(`Kafka answers ${found}`, { cause })
}

/** Cuts the connections, so that a fetch that hangs ends as well. */
async function closeConsumer(consumer: Consumer): Promise<void> {
  for (const [, connection] of consumer.connections) connection.socket?.destroy()
  await consumer.close(true).catch(() => undefined)
}
