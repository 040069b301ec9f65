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
  /** A new generation has begun: what was on its way in an earlier one is not sent again, what may be committed is. */
  beginGeneration(): void
}

/** What is used of the Kafka consumer. */
export interface CommittingConsumer {
  readonly generationId: number
  /** What the group has given it in this generation; null before the first. */
  readonly assignments: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null
  /** Whether its group is between two generations, for it. */
  isRejoining(): boolean
  commit(options: { offsets: CommitOptionsPartition[] }): Promise<void>
}

/**
 * Makes a committer: one request at a time, what is marked meanwhile goes into the next. What was read in an earlier generation is left out:
 * its partition may belong to another member by now, whose position it would turn back. Nothing is committed while the consumer rejoins: the
 * brokers refuse it, and the client would answer with one more rejoin. A failed commit is reported and repeated with the
 * next mark or flush; until then a crash would deliver those events again.
 */
export function makeCommitter(consumer: CommittingConsumer, onFailure: (error: unknown) => void): Committer {
  const marked = new Map<string, HandledRecord>()
  let running: Promise<void> | undefined
  let sent: CommitOptionsPartition[] = []

  const isOwn = ({ topic, partition, generationId }: HandledRecord): boolean =>
    generationId === consumer.generationId &&
    consumer.assignments?.some((one) => one.topic === topic && one.partitions.includes(partition)) === true
  const commitMarked = async (): Promise<void> => {
    if (consumer.isRejoining()) return
    for (const [key, record] of marked) if (!isOwn(record)) marked.delete(key)
    if (marked.size === 0) return
    const taken = new Map(marked)
    const offsets = [...taken.values()].map(({ topic, partition, offset, leaderEpoch }) => {
      return { topic, partition, offset: offset + 1n, leaderEpoch }
    })
    sent = offsets
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
    beginGeneration() {
      // A commit that is refused makes the client rejoin and send the same array again, in a generation for which it was not meant.
      sent.length = 0
      void run()
    },
    async flush() {
      await run()
      return marked.size === 0
    },
  }
}
