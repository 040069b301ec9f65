import { Consumer } from '@platformatic/kafka'
import { type KafkaConnection, toClientOptions } from './kafka-connection.ts'

/** A record with the headers that tell what it is. */
export interface TopicRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyMap<string, string>
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>

const bytesMax = 4 * 1024 * 1024
const [latest, earliest] = [-1n, -2n]

/** What is read. */
export interface ReadTopicsOptions {
  readonly topics: readonly string[]
  /** Topics that are there. */
  readonly present: ReadonlySet<string>
  /** Of each partition from the first record of this instant or later, by the records' own timestamps; default: from the beginning. */
  readonly from?: Date
}

/** Not said: the brokers then do not compare. */
const noEpoch = -1
/** The bit of a batch that holds a transaction's marker and no records. */
const controlBatch = 0x20

/**
 * Everything that stands on some topics now, partition by partition in order, up to the ends as they are when it begins; topics that are not
 * there hold nothing. Joins no group and commits nothing. Rejects when the brokers cannot be reached.
 */
export async function* readTopics(
  connection: KafkaConnection,
  { topics, present, from }: ReadTopicsOptions,
): AsyncGenerator<TopicRecord, void, undefined> {
  const consumer = new Consumer({
    ...toClientOptions(connection),
    // The client wants a name; a group is only joined by `consume`, which is not used here.
    groupId: 'none',
    autocreateTopics: false,
  })
  // Every call reports its own failure; without a listener this would end the process.
  consumer.on('error', () => undefined)
  try {
    const existing = topics.filter((topic) => present.has(topic))
    if (existing.length === 0) return
    const metadata = await consumer.metadata({ topics: existing, forceUpdate: true })
    const timestamp = from === undefined ? earliest : BigInt(from.getTime())
    const begins = await consumer.listOffsets({ topics: existing, timestamp })
    const ends = await consumer.listOffsets({ topics: existing, timestamp: latest })
    for (const topic of existing) {
      const found = metadata.topics.get(topic)
      if (found === undefined) throw new Error(`the brokers do not know ${topic}`)
      const { id: topicId } = found
      for (const [at, { leader: node }] of Object.entries(found.partitions)) {
        const partition = Number(at)
        const [begin = 0n, end = 0n] = [begins.get(topic)?.[partition], ends.get(topic)?.[partition]]
        // No record is that young.
        if (begin < 0n) continue
        yield* readPartition(consumer, { topic, topicId, partition, node }, { begin, end })
      }
    }
  } finally {
    await consumer.close(true).catch(() => undefined)
  }
}

interface Place {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly node: number
}

async function* readPartition(
  consumer: Consumer,
  { topic, topicId, partition, node }: Place,
  { begin, end }: { readonly begin: bigint; readonly end: bigint },
): AsyncGenerator<TopicRecord, void, undefined> {
  for (let offset = begin; offset < end; ) {
    const place = { partition, fetchOffset: offset, currentLeaderEpoch: noEpoch, lastFetchedEpoch: noEpoch }
    const response = await consumer.fetch({
      node,
      topics: [{ topicId, partitions: [{ ...place, partitionMaxBytes: bytesMax }] }],
      minBytes: 1,
      maxBytes: bytesMax,
      maxWaitTime: 500,
    })
    for (const { next, record } of listRecords(response)) {
      // A fetch answers with whole batches, which may begin before the offset and go past the end.
      if (next <= offset || offset >= end) continue
      offset = next
      if (record) yield { topic, partition, ...record }
    }
  }
}

/** The records of a response, and after each batch an entry without one: it may end with offsets that have none. */
function* listRecords(
  response: FetchResponse,
): Generator<{ readonly next: bigint; readonly record?: Omit<TopicRecord, 'topic' | 'partition'> }> {
  const batches = response.responses.flatMap(({ partitions }) =>
    partitions.flatMap(({ records }) => records ?? []),
  )
  for (const { attributes, firstOffset, lastOffsetDelta, records } of batches) {
    for (const { key, value, headers, offsetDelta } of (attributes & controlBatch) === 0 ? records : []) {
      const offset = firstOffset + BigInt(offsetDelta)
      const texts = headers.map(([name, text]) => [String(name), String(text)] as const)
      yield { next: offset + 1n, record: { offset, key, value, headers: new Map(texts) } }
    }
    yield { next: firstOffset + BigInt(lastOffsetDelta) + 1n }
  }
}
