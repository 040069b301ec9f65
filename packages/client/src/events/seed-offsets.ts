import type { Consumer } from '@platformatic/kafka'

/** Where a group starts that has not committed anything. */
export type StartPosition = 'beginning' | 'latest' | Date

type SeededConsumer = Pick<
  Consumer<Buffer, Buffer, Buffer, Buffer>,
  'topics' | 'metadata' | 'joinGroup' | 'listCommittedOffsets' | 'listOffsets' | 'commit' | 'isActive'
>

/**
 * Joins the group and commits, for each partition that has no committed offset, that of the first record written at `from` or later. A
 * partition without such a record starts at its end.
 */
export async function seedOffsets(
  consumer: SeededConsumer,
  topics: readonly string[],
  from: Date,
): Promise<void> {
  for (const topic of topics) consumer.topics.track(topic)
  if (!consumer.isActive()) await consumer.joinGroup()
  const metadata = await consumer.metadata({ topics: [...topics] })
  const assignments = topics.map((topic) => {
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0
    return { topic, partitions: Array.from({ length: count }, (_, partition) => partition) }
  })
  const committed = await consumer.listCommittedOffsets({ topics: assignments })
  const missing = assignments.flatMap(({ topic, partitions }) =>
    partitions
      .filter((partition) => (committed.get(topic)?.[partition] ?? -1n) < 0n)
      .map((partition) => ({ topic, partition })),
  )
  if (missing.length === 0) return
  const [atDate, ends] = await Promise.all([
    consumer.listOffsets({ topics: [...topics], timestamp: BigInt(from.getTime()) }),
    consumer.listOffsets({ topics: [...topics] }),
  ])
  const offsets = missing.map(({ topic, partition }) => {
    const found = atDate.get(topic)?.[partition] ?? -1n
    const offset = found >= 0n ? found : (ends.get(topic)?.[partition] ?? 0n)
    return { topic, partition, offset, leaderEpoch: 0 }
  })
  await consumer.commit({ offsets })
}
