import type { CommitOptionsPartition } from '@platformatic/kafka'

/** A record that has been dealt with. */
export interface HandledRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly leaderEpoch: number
  /** The group's generation in which it was read. */
  readonly generationId: number
}

/** Commits offsets behind the consumer. */
export interface Committer {
  /** The group may move past the record. Answers at once. */
  mark(record: HandledRecord): void
  /** Resolves when nothing is under way; says whether all that was marked is committed. Never rejects. */
  flush(): Promise<boolean>
}

/** What is used of the Kafka consumer. */
export interface CommittingConsumer {
  readonly generationId: number
  commit(options: { offsets: CommitOptionsPartition[] }): Promise<void>
}

/**
 * Makes a committer: one request at a time, what is marked meanwhile goes into the next. What was read in an earlier generation is left out:
 * its partition may belong to another member by now, whose position it would turn back. A failed commit is reported and repeated with the
 * next mark or flush; until then a crash would deliver those events again.
 */
export function makeCommitter(consumer: CommittingConsumer, onFailure: (error: unknown) => void): Committer {
  const marked = new Map<string, HandledRecord>()
  let running: Promise<void> | undefined

  const commitMarked = async (): Promise<void> => {
    for (const [key, record] of marked) if (record.generationId !== consumer.generationId) marked.delete(key)
    if (marked.size === 0) return
    const taken = new Map(marked)
    const offsets = [...taken.values()].map(({ topic, partition, offset, leaderEpoch }) => {
      return { topic, partition, offset: offset + 1n, leaderEpoch }
    })
    await consumer.commit({ offsets })
    for (const [key, record] of taken) if (marked.get(key) === record) marked.delete(key)
    await commitMarked()
  }
  const run = (): Promise<void> => {
    running ??= commitMarked()
      .catch(onFailure)
      .finally(() => {
        running = undefined
      })
    return running
  }
  return {
    mark(record) {
      marked.set(`${record.topic}:${record.partition}`, record)
      void run()
    },
    async flush() {
      await run()
      return marked.size === 0
    },
  }
}
