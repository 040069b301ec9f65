import type { Consumer } from '@platformatic/kafka'
import { listEnds, openByFetchConsumer, rethrowFetchError, toRecords } from './fetch-consumer.ts'
import type { KafkaOptions } from './kafka-options.ts'
import type { FetchedBatch, PartitionRecord } from './partition-record.ts'

/** A partition, as it was when its reader was opened. */
export interface TopicPartition {
  readonly partition: number
  /** The offset of the first record that is kept. */
  readonly begin: bigint
  /** The offset behind the last committed one. */
  readonly end: bigint
}

/** Some records of one partition, in order. */
export interface TopicRecords {
  readonly partition: number
  readonly records: readonly PartitionRecord[]
  /** The offset to go on from behind them. */
  readonly next: bigint
  /** Whether these were the last committed ones when the broker answered. */
  readonly isAtEnd: boolean
}

/** Committed records of a whole topic, read by offsets: no group, no commits, no offset that is chosen for its reader. */
export interface TopicReader extends AsyncDisposable {
  /** Another one under the same name means that the topic was made anew. */
  readonly topicId: string
  readonly partitions: readonly TopicPartition[]
  /**
   * Records of these partitions from their offsets on, each in order, then what is added, until the reader is closed. One call at a time.
   * @throws OffsetGoneError where an offset or the topic is not there any more; any other error is a broken connection.
   */
  read(from: readonly Place[]): AsyncGenerator<TopicRecords, void, undefined>
}

interface Place {
  readonly partition: number
  readonly offset: bigint
}

interface Led {
  readonly topicId: string
  /** Which broker leads a partition. */
  readonly leaders: readonly number[]
}

/** How long a fetch waits for a record. One that is there already, or that comes, is answered at once. */
const maxWaitMs = 500
const [partitionBytesMax, bytesMax] = [256 * 1024, 1024 * 1024]
/** Not said: the brokers then do not compare. */
const noEpoch = -1
const committed = 1

/**
 * Opens a reader of all partitions of a topic. It never retries: every error ends it, and whoever wants to go on opens another. Rejects where the
 * brokers cannot be reached or have no such topic; `signal` ends it at any time.
 */
export async function openTopicReader(
  kafka: KafkaOptions,
  topic: string,
  signal: AbortSignal,
): Promise<TopicReader> {
  return await openByFetchConsumer(kafka, 'auth-users', signal, async (consumer) => {
    const metadata = await consumer.metadata({ topics: [topic], forceUpdate: true })
    const { id: topicId, partitions = [] } = metadata.topics.get(topic) ?? {}
    const leaders = Object.values(partitions).map(({ leader }) => leader)
    if (topicId === undefined || leaders.length === 0 || leaders.some((node) => node < 0)) {
      throw new Error(`the topic ${topic} is not there, or has no leader`)
    }
    const ends = await listEnds(consumer, topic, [...leaders.keys()])
    return {
      topicId,
      partitions: ends.map((end, partition) => ({ partition, ...end })),
      read: (from: readonly Place[]) => readAll(consumer, { topicId, leaders }, from),
    }
  })
}

/** One fetch at a time from each broker, whichever answers first. */
async function* readAll(
  consumer: Consumer,
  { leaders, topicId }: Led,
  from: readonly Place[],
): AsyncGenerator<TopicRecords, void, undefined> {
  const nodes = new Map<number, Place[]>()
  for (const place of from) {
    const node = leaders[place.partition] ?? -1
    nodes.set(node, [...(nodes.get(node) ?? []), place])
  }
  const readers = [...nodes].map(([node, places]) => readNode(consumer, topicId, node, places))
  const ask = (reader: AsyncGenerator<TopicRecords[], never>) =>
    reader.next().then(({ value }) => ({ reader, parts: value }))
  const asked = new Map(readers.map((reader) => [reader, ask(reader)]))
  try {
    while (asked.size > 0) {
      const { parts, reader } = await Promise.race(asked.values())
      asked.set(reader, ask(reader))
      yield* parts
    }
  } finally {
    // Whoever leaves closes the reader; what is under way then fails, and nobody is interested.
    for (const pending of asked.values()) pending.catch(() => undefined)
  }
}

async function* readNode(
  consumer: Consumer,
  topicId: string,
  node: number,
  places: readonly Place[],
): AsyncGenerator<TopicRecords[], never> {
  const offsets = new Map(places.map(({ offset, partition }) => [partition, offset]))
  for (;;) {
    const partitions = [...offsets].map(([partition, fetchOffset]) => ({
      partition,
      fetchOffset,
      currentLeaderEpoch: noEpoch,
      lastFetchedEpoch: noEpoch,
      partitionMaxBytes: partitionBytesMax,
    }))
    const options = { minBytes: 1, maxBytes: bytesMax, maxWaitTime: maxWaitMs, isolationLevel: committed }
    const { responses } = await consumer
      .fetch({ node, topics: [{ topicId, partitions }], ...options })
      .catch(rethrowFetchError)
    const parts: TopicRecords[] = []
    for (const answer of responses.flatMap((response) => response.partitions)) {
      const { partitionIndex: partition, records: batches } = answer
      const offset = offsets.get(partition)
      if (offset === undefined || !batches || batches.length === 0) continue
      const kept = withoutAborted(batches, answer.abortedTransactions ?? [])
      // A fetch answers with whole batches, which may begin before the offset.
      const records = kept.flatMap((batch) => [...toRecords(batch)]).filter((one) => one.offset >= offset)
      const last = batches[batches.length - 1] as FetchedBatch
      const next = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n
      offsets.set(partition, next)
      parts.push({ partition, records, next, isAtEnd: next >= answer.lastStableOffset })
    }
    if (parts.length > 0) yield parts
  }
}

const [transactionalBatch, controlBatch] = [0x10, 0x20]

/**
 * Kafka's way to leave out what was never committed: the brokers say where each aborted transaction began, its marker says where it ended. The
 * client leaves out only those that begin and end in one answer.
 */
export function withoutAborted<B extends FetchedBatch>(
  batches: readonly B[],
  aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[],
): readonly B[] {
  if (aborted.length === 0) return batches
  const begins = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  const open = new Set<bigint>()
  return batches.filter((batch) => {
    const { attributes, firstOffset, lastOffsetDelta, producerId } = batch
    while (begins[0] !== undefined && begins[0].firstOffset <= firstOffset + BigInt(lastOffsetDelta)) {
      open.add((begins.shift() as (typeof begins)[number]).producerId)
    }
    const isMarker = (attributes & controlBatch) !== 0
    if (isMarker) open.delete(producerId)
    return isMarker || (attributes & transactionalBatch) === 0 || !open.has(producerId)
  })
}
