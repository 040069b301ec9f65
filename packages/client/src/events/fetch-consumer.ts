import type { Consumer } from '@platformatic/kafka'
import { hasApiId } from './has-api-id.ts'
import { type KafkaOptions, toClientOptions } from './kafka-options.ts'
import type { FetchedBatch, PartitionRecord } from './partition-record.ts'

/** There is nothing at an offset, and going on elsewhere would leave something out. */
export class OffsetGoneError extends Error {
  override readonly name = 'OffsetGoneError'
}

/** ListOffsets: the timestamps that stand for both ends. */
const [latest, earliest] = [-1n, -2n]
/** The bit of a batch that holds a transaction's marker and no records. */
const controlBatch = 0x20

/** Makes a client that fetches by offsets and joins no group. It never retries: every error ends what its reader does. */
async function openFetchConsumer(kafka: KafkaOptions, name: string): Promise<Consumer> {
  // Only services that read Kafka load its client.
  const { Consumer } = await import('@platformatic/kafka')
  const consumer = new Consumer({
    ...toClientOptions(kafka, name),
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

/**
 * Opens something that reads by such a client, which it has to itself: the client ends with it, where it cannot be opened, and when `signal` aborts.
 */
export async function openByFetchConsumer<Reader extends object>(
  kafka: KafkaOptions,
  name: string,
  signal: AbortSignal,
  open: (consumer: Consumer) => Promise<Reader>,
): Promise<Reader & AsyncDisposable> {
  const consumer = await openFetchConsumer(kafka, name)
  const close = () => closeFetchConsumer(consumer)
  signal.addEventListener('abort', close, { once: true })
  const dispose = async () => {
    signal.removeEventListener('abort', close)
    await close()
  }
  try {
    signal.throwIfAborted()
    return { ...(await open(consumer)), [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Cuts the connections, so that a fetch that hangs ends as well. */
async function closeFetchConsumer(consumer: Consumer): Promise<void> {
  for (const [, connection] of consumer.connections) connection.socket?.destroy()
  await consumer.close(true).catch(() => undefined)
}

/** The offsets of the first record that is kept and behind the last committed one, of each partition. */
export async function listEnds(
  consumer: Consumer,
  topic: string,
  partitions: readonly number[],
): Promise<{ readonly begin: bigint; readonly end: bigint }[]> {
  const listOffsets = async (timestamp: bigint) => {
    const asked = { topics: [topic], partitions: { [topic]: [...partitions] }, timestamp }
    return (await consumer.listOffsets(asked)).get(topic) ?? []
  }
  const [begins, ends] = await Promise.all([listOffsets(earliest), listOffsets(latest)])
  return partitions.map((partition) => {
    const [begin = -1n, end = -1n] = [begins[partition], ends[partition]]
    if (begin < 0n || end < begin) throw new Error(`the topic ${topic} does not say where it begins and ends`)
    return { begin, end }
  })
}

/** The records of a fetched batch, in order; a transaction's marker has none. */
export function* toRecords({ attributes, firstOffset, records }: FetchedBatch): Generator<PartitionRecord> {
  if ((attributes & controlBatch) !== 0) return
  for (const { key, value, headers, offsetDelta } of records) {
    yield { offset: firstOffset + BigInt(offsetDelta), key, value, headers }
  }
}

const goneErrors = Object.freeze(['OFFSET_OUT_OF_RANGE', 'UNKNOWN_TOPIC_ID', 'UNKNOWN_TOPIC_OR_PARTITION'])

/** Throws OffsetGoneError for what says that an offset or the topic is gone, and everything else as it is. */
export function rethrowFetchError(cause: unknown): never {
  const found = goneErrors.find((id) => hasApiId(cause, id))
  if (found === undefined) throw cause
  throw new OffsetGoneError(`Kafka answers ${found}`, { cause })
}
