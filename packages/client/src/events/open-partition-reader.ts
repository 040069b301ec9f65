import type { Consumer } from '@platformatic/kafka'
import { listEnds, openByFetchConsumer, rethrowFetchError, toRecords } from './fetch-consumer.ts'
import type { KafkaOptions } from './kafka-options.ts'
import type { PartitionRecord } from './partition-record.ts'

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

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>

/** How long a fetch waits for a record. One that is there already, or that comes, is answered at once. */
const maxWaitMs = 500
const bytesMax = 1024 * 1024
const partition = 0
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
  return await openByFetchConsumer(kafka, 'auth-revocations', signal, async (consumer) => {
    const metadata = await consumer.metadata({ topics: [topic], forceUpdate: true })
    const { id: topicId, partitions } = metadata.topics.get(topic) ?? {}
    const node = partitions?.[partition]?.leader
    if (topicId === undefined || node === undefined) throw new Error(`the topic ${topic} has no leader`)
    const [ends] = await listEnds(consumer, topic, [partition])
    if (ends === undefined) throw new Error(`the topic ${topic} has no partition ${partition}`)
    return { topicId, ...ends, read: (offset: bigint) => readFrom(consumer, { topicId, node }, offset) }
  })
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
  for (const batch of batches) {
    for (const record of toRecords(batch)) yield { next: record.offset + 1n, record }
    yield { next: batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n }
  }
}
