import { createHash } from 'node:crypto'
import { eventNames, toTopic } from '@immersiverse/auth-contract'
import { Admin } from '@platformatic/kafka'
import { makeNumberSet, type NumberSet } from '../domain/number-set.ts'
import type { Database } from '../store/database.ts'
import {
  findCommitted,
  findKept,
  findNumbered,
  type KeptEvents,
  listPublishedNumbers,
} from '../store/search-event-log.ts'
import { type KafkaConnection, toClientOptions } from './kafka-connection.ts'
import { readTopics, type TopicRecord } from './read-topics.ts'

/** Where an event or record stands, for whoever looks it up. */
export interface Discrepancy {
  readonly id: string
  readonly topic: string
  readonly key: string
}

/** How the topics differ from what was committed and acknowledged. */
export interface Reconciliation {
  /** Events that were compared. */
  readonly events: number
  /** Records that were read. */
  readonly records: number
  /** Acknowledged and not on their topic (O2). */
  readonly missing: readonly Discrepancy[]
  /** On a topic, and never committed (O3). */
  readonly phantom: readonly Discrepancy[]
  /** On a topic with other bytes than were committed (O3). */
  readonly changed: readonly Discrepancy[]
  /** First seen behind a later one of the same user on the same topic (O4). */
  readonly outOfOrder: readonly Discrepancy[]
}

/** What {@link reconcileEvents} compares. */
export interface ReconcileOptions {
  readonly connection: KafkaConnection
  readonly topicPrefix: string
  /** Events committed before are not compared: the topics may have dropped them. */
  readonly since: Date
  /** How long the outbox keeps what is published: older records may tell of events that are not kept any more. */
  readonly outboxRetentionMs: number
}

const [pageSize, numbersAtOnce] = [1000, 10_000]
/** By how much the clocks of those who published may have been behind the database's. */
const skewMs = 86_400_000

/**
 * Compares every acknowledged event since an instant with everything that stands on the topics. What is acknowledged is read before the topics, and
 * what stands on them is looked up after it was read, so that a running service is no reason for a difference. Holds two bits an event in memory,
 * and what it finds.
 */
export async function reconcileEvents(
  { kysely }: Pick<Database, 'kysely'>,
  options: ReconcileOptions,
): Promise<Reconciliation> {
  const { topicPrefix, since, outboxRetentionMs } = options
  const expected = await listExpected(kysely, since)
  const kept = (await findKept(kysely, outboxRetentionMs)) ?? nothingKept
  const { records, seen, unknown, outOfOrder, changed } = await readRecords(kysely, options, {
    expected,
    readFrom: latestOf(since, kept.oldest),
    judgeFrom: latestOf(since, kept.allSince),
  })
  // Again: some were deleted meanwhile.
  const { allSince } = (await findKept(kysely, outboxRetentionMs)) ?? nothingKept
  const phantom = unknown.filter(({ time }) => !(time < allSince)).map(toDiscrepancy)
  const missing: Discrepancy[] = []
  for await (const numbers of toPages(expected.values(), pageSize)) {
    const unseen = numbers.filter((number) => !seen.has(number))
    if (unseen.length === 0) continue
    for (const { id, event, key } of await findNumbered(kysely, unseen))
      missing.push({ id, topic: toTopic(event, topicPrefix), key })
  }
  return { events: expected.size, records, missing, phantom, changed, outOfOrder }
}

const endOfTime = new Date(8.64e15)
const nothingKept: KeptEvents = Object.freeze({ oldest: endOfTime, allSince: endOfTime })

function latestOf(one: Date, other: Date): Date {
  return one > other ? one : other
}

async function listExpected(kysely: Database['kysely'], since: Date): Promise<NumberSet> {
  const expected = makeNumberSet()
  for (let after = 0; ; ) {
    const numbers = await listPublishedNumbers(kysely, since, { after, limit: numbersAtOnce })
    for (const number of numbers) expected.add(number)
    const last = numbers.at(-1)
    if (last === undefined) return expected
    after = last
  }
}

interface Found extends Discrepancy {
  readonly time: Date
}

interface Expectation {
  readonly expected: NumberSet
  /** No event that is expected was committed before. */
  readonly readFrom: Date
  /** Records that are unknown and older may tell of events that are not kept any more. */
  readonly judgeFrom: Date
}

async function readRecords(
  kysely: Database['kysely'],
  { connection, topicPrefix }: ReconcileOptions,
  { expected, readFrom, judgeFrom }: Expectation,
) {
  const seen = makeNumberSet()
  const unknown = new Map<string, Found>()
  const [outOfOrder, changed]: [Discrepancy[], Discrepancy[]] = [[], []]
  const isBehind = makeOrderCheck()
  let records = 0
  const compare = async (page: readonly TopicRecord[]): Promise<void> => {
    records += page.length
    const committed = await findCommitted(
      kysely,
      page.map(toId).filter((id) => uuid.test(id)),
    )
    for (const record of page) {
      const found = toFound(record)
      const event = committed.get(found.id)
      if (event === undefined) {
        if (!(found.time < judgeFrom)) unknown.set(found.id, unknown.get(found.id) ?? found)
        continue
      }
      if (Buffer.compare(event.digest, toDigest(record.value)) !== 0) changed.push(toDiscrepancy(found))
      if (event.pubSeq === null || seen.has(event.pubSeq)) continue
      seen.add(event.pubSeq)
      // What is not compared is older, or has come meanwhile.
      if (expected.has(event.pubSeq) && isBehind(record)) outOfOrder.push(toDiscrepancy(found))
    }
  }
  const topics = eventNames.map((name) => toTopic(name, topicPrefix))
  const present = await listPresent(connection)
  const reading = readTopics(connection, { topics, present, from: new Date(readFrom.getTime() - skewMs) })
  for await (const page of toPages(reading, pageSize)) await compare(page)
  return { records, seen, unknown: [...unknown.values()], outOfOrder, changed }
}

/** Makes what tells of records, partition by partition, which ones come behind a later one of their user. */
function makeOrderCheck(): (record: TopicRecord) => boolean {
  const last = new Map<string, number>()
  let line = ''
  return ({ topic, partition, key, headers }) => {
    const sequence = Number(headers.get('ce_usersequence'))
    if (!headers.has('ce_usersequence')) return false
    // A key is on one partition: those before are done.
    if (line !== `${topic} ${partition}`) last.clear()
    line = `${topic} ${partition}`
    const user = `${headers.get('ce_epoch')} ${key}`
    if (sequence <= (last.get(user) ?? 0)) return true
    last.set(user, sequence)
    return false
  }
}

async function listPresent(connection: KafkaConnection): Promise<Set<string>> {
  const admin = new Admin(toClientOptions(connection))
  try {
    return new Set(await admin.listTopics({}))
  } finally {
    await admin.close()
  }
}

function toDigest(value: Buffer | null): Buffer {
  return createHash('sha256')
    .update(value ?? Buffer.alloc(0))
    .digest()
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function toId({ headers }: TopicRecord): string {
  return headers.get('ce_id') ?? ''
}

function toFound(record: TopicRecord): Found {
  const { topic, key, headers } = record
  const time = new Date(headers.get('ce_time') ?? Number.NaN)
  return { id: toId(record), topic, key: String(key ?? ''), time }
}

function toDiscrepancy({ id, topic, key }: Discrepancy): Discrepancy {
  return { id, topic, key }
}

async function* toPages<T>(
  items: Iterable<T> | AsyncIterable<T>,
  size: number,
): AsyncGenerator<T[], void, undefined> {
  let page: T[] = []
  for await (const item of items) {
    page.push(item)
    if (page.length < size) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
