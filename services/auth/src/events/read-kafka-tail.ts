import { Consumer } from '@platformatic/kafka'
import { type KafkaConnection, toClientOptions } from './kafka-connection.ts'

/** A record near the end of a partition. */
export interface TailRecord {
  readonly value: Buffer | null
  readonly headers: ReadonlyMap<string, string>
}

/** ListOffsets: the timestamps that stand for both ends. */
const [latest, earliest] = [-1n, -2n]
const bytesMax = 1024 * 1024
const unknownEpoch = -1
const controlBatch = 0x20

/**
 * The records of a partition's last `count` offsets, in order, those of transactions that were not committed among them. Nothing where the topic
 * is not there. Rejects where the brokers do not answer.
 */
export async function readKafkaTail(
  connection: KafkaConnection,
  place: { readonly topic: string; readonly partition: number },
  count: number,
): Promise<TailRecord[]> {
  const consumer = new Consumer({
    ...toClientOptions(connection),
    // The client wants a name; a group is only joined by `consume`.
    groupId: 'none',
    autocreateTopics: false,
    retries: 0,
  })
  consumer.on('error', () => undefined)
  try {
    return await readTail(consumer, place, count)
  } finally {
    for (const [, { socket }] of consumer.connections) socket?.destroy()
    await consumer.close(true).catch(() => undefined)
  }
}

async function readTail(
  consumer: Consumer,
  { partition, topic }: { readonly topic: string; readonly partition: number },
  count: number,
): Promise<TailRecord[]> {
  const metadata = await consumer.metadata({ topics: [topic] })
  const { id: topicId, partitions } = metadata.topics.get(topic) ?? {}
  const node = partitions?.[partition]?.leader
  if (topicId === undefined || node === undefined) throw new Error(`the topic ${topic} has no leader`)
  const listOffset = async (timestamp: bigint): Promise<bigint> => {
    const offsets = await consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: [partition] },
      timestamp,
    })
    return offsets.get(topic)?.[partition] ?? 0n
  }
  const [begin, end] = [await listOffset(earliest), await listOffset(latest)]
  const records: TailRecord[] = []
  let offset = end - BigInt(count) > begin ? end - BigInt(count) : begin
  while (offset < end) {
    const fetchPlace = {
      partition,
      fetchOffset: offset,
      currentLeaderEpoch: unknownEpoch,
      lastFetchedEpoch: unknownEpoch,
      partitionMaxBytes: bytesMax,
    }
    const topics = [{ topicId, partitions: [fetchPlace] }]
    const { responses } = await consumer.fetch({
      node,
      topics,
      minBytes: 1,
      maxBytes: bytesMax,
      maxWaitTime: 500,
    })
    const batches = responses.flatMap((response) =>
      response.partitions.flatMap((answer) => answer.records ?? []),
    )
    // Compaction may have taken everything up to the end.
    if (batches.length === 0) break
    for (const { attributes, firstOffset, lastOffsetDelta, records: found } of batches) {
      if ((attributes & controlBatch) === 0) records.push(...found.map(toTailRecord))
      offset = firstOffset + BigInt(lastOffsetDelta) + 1n
    }
  }
  return records
}

function toTailRecord(record: {
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
}): TailRecord {
  const headers = record.headers.map(([name, value]) => [String(name), String(value)] as const)
  return { value: record.value, headers: new Map(headers) }
}
