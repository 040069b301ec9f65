import { toUserStateTopic } from '@immersiverse/auth-contract'
import { decodeUserState } from '../events/decode-user-state.ts'
import type { KafkaOptions } from '../events/kafka-options.ts'
import { openTopicReader, type TopicPartition, type TopicReader } from '../events/open-topic-reader.ts'
import type { RevocationSource } from '../verifier/index.ts'
import { untilAborted } from '../verifier/until-aborted.ts'
import type { CachedUser } from './cached-user.ts'
import { type ListFloor, makePartitionList, type PartitionList } from './make-partition-list.ts'
import type { UserChanges, UserStateSource } from './user-state-source.ts'

/** What the source is made of. */
export interface TopicSourceOptions {
  readonly kafka: KafkaOptions
  /** Asks for the database's clock and epoch. */
  readonly status: RevocationSource['status']
  /** Records of one part of a list; 100,000 by default. */
  readonly partRecords?: number
}

/** Heartbeats come twice a second; a leader that takes over, or a backlog, may delay them. */
const silenceMs = 15_000

/**
 * Makes a source of the compacted topic `auth.state.users`. A part of its list is what stands on some partitions up to a heartbeat, on each, that
 * was written after the part was asked for and speaks of a later instant of the database's clock: what was acknowledged by then is in it. Only
 * records of the present epoch count. Nothing is asked of the service but its clock, and no group is joined.
 */
export function makeTopicSource({
  kafka,
  status,
  partRecords = 100_000,
}: TopicSourceOptions): UserStateSource {
  const open = <T>(signal: AbortSignal, work: (reader: TopicReader) => Promise<T>) =>
    withReader(kafka, signal, work)
  let followed = makeGate()
  return {
    silenceMs,
    async *list(signal) {
      // What comes behind a list is told by whoever follows, from before it on.
      await untilAborted(followed.opened, signal)
      const partitions = await open(signal, async (reader) => reader.partitions)
      for (const group of toGroups(partitions, partRecords)) {
        const { databaseTime: asOf, epoch } = await status(signal)
        yield await open(signal, (reader) => readGroup(reader, group, { asOf, epoch }))
      }
    },
    async follow(changes, signal) {
      try {
        await open(signal, (reader) => {
          followed.open()
          return tellAll(reader, changes)
        })
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        followed = makeGate()
      }
    },
  }
}

/** A promise, and what resolves it. */
function makeGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

async function withReader<T>(
  kafka: KafkaOptions,
  signal: AbortSignal,
  work: (reader: TopicReader) => Promise<T>,
): Promise<T> {
  const reader = await openTopicReader(kafka, toUserStateTopic(kafka.topicPrefix), signal)
  try {
    return await work(reader)
  } finally {
    await reader[Symbol.asyncDispose]()
  }
}

/** Partitions of about so many records together: a small topic is one part, a large one does not stand in memory twice. */
function toGroups(partitions: readonly TopicPartition[], records: number): number[][] {
  const groups: number[][] = []
  let count = Number.POSITIVE_INFINITY
  for (const { begin, end, partition } of partitions) {
    const size = Number(end - begin)
    if (count + size > records) {
      groups.push([])
      count = 0
    }
    groups.at(-1)?.push(partition)
    count += size
  }
  return groups
}

/** The users of some partitions; the reader was opened after they were asked for, so its ends are later than that. */
async function readGroup(
  reader: TopicReader,
  group: readonly number[],
  floor: Omit<ListFloor, 'offset'>,
): Promise<Iterable<CachedUser>> {
  const partitions = reader.partitions.filter(({ partition }) => group.includes(partition))
  const lists = new Map(
    partitions.map(({ end, partition }) => [partition, makePartitionList({ ...floor, offset: end })]),
  )
  const waiting = new Set(lists.keys())
  const from = partitions.map(({ begin, partition }) => ({ partition, offset: begin }))
  for await (const { partition, records } of reader.read(from)) {
    if (lists.get(partition)?.take(records)) waiting.delete(partition)
    if (waiting.size === 0) break
  }
  return listUsers(lists.values())
}

/** One after the other: made when it is asked for, of what stands packed. */
function* listUsers(lists: Iterable<PartitionList>): Iterable<CachedUser> {
  for (const { users } of lists) yield* users.values()
}

/** Tells what is added to any partition. A sign of life is a heartbeat on each of them. */
async function tellAll(reader: TopicReader, changes: UserChanges): Promise<void> {
  const silent = new Set(reader.partitions.map(({ partition }) => partition))
  const from = reader.partitions.map(({ end, partition }) => ({ partition, offset: end }))
  for await (const { partition, records } of reader.read(from)) {
    for (const record of records) {
      const said = decodeUserState(record)
      if (said?.kind === 'changed') changes.takeChange(said.user, said.epoch)
      else if (said?.kind === 'deleted') changes.takeDeleted(said.userId, said.epoch)
      else if (said?.kind === 'unknown') changes.takeUnreadable(said.userId)
      else if (said?.kind === 'heartbeat') silent.delete(partition)
    }
    if (silent.size > 0) continue
    for (const one of reader.partitions) silent.add(one.partition)
    changes.takeLifeSign()
  }
}
