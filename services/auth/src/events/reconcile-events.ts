import { createHash } from 'node:crypto'
import { eventNames, toTopic } from '@immersiverse/auth-contract'
import { Admin } from '@platformatic/kafka'
import type { Database } from '../store/database.ts'
import { findKnownEvents, findOldestEvent } from '../store/search-event-log.ts'
import { type KafkaConnection, toClientOptions } from './kafka-connection.ts'
import { listPublished } from './list-published.ts'
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
}

const pageSize = 1000

/**
 * Compares every acknowledged event since an instant with everything that stands on the topics. The events are read before the topics and what
 * is unknown is looked up after them, so that a running service is no reason for a difference. Holds some 100 bytes an event in memory.
 */
export async function reconcileEvents(
  { kysely }: Pick<Database, 'kysely'>,
  options: ReconcileOptions,
): Promise<Reconciliation> {
  const { topicPrefix, since } = options
  const expected = new Map<string, Buffer>()
  for await (const event of listPublished(kysely, { since })) expected.set(event.id, toDigest(event.data))
  const { records, seen, outOfOrder, changed } = await readRecords(options, expected)
  const unknown = [...seen.values()].filter(({ id }) => !expected.has(id))
  const oldest = (await findOldestEvent(kysely)) ?? new Date(8.64e15)
  const phantom: Discrepancy[] = []
  for (let at = 0; at < unknown.length; at += pageSize) {
    // What is older than the oldest event that is kept was committed, and is not kept any more.
    const page = unknown.slice(at, at + pageSize).filter(({ time }) => !(time < oldest))
    const ids = page.map(({ id }) => id).filter((id) => uuid.test(id))
    const known = await findKnownEvents(kysely, ids)
    phantom.push(...page.filter(({ id }) => !known.has(id)).map(toDiscrepancy))
  }
  const missing: Discrepancy[] = []
  for await (const event of listPublished(kysely, { since })) {
    if (!expected.has(event.id) || seen.has(event.id)) continue
    missing.push({ id: event.id, topic: toTopic(event.event, topicPrefix), key: event.key })
  }
  return { events: expected.size, records, missing, phantom, changed, outOfOrder }
}

interface Seen extends Discrepancy {
  readonly time: Date
}

async function readRecords(
  { connection, topicPrefix }: ReconcileOptions,
  expected: ReadonlyMap<string, Buffer>,
) {
  const topics = eventNames.map((name) => toTopic(name, topicPrefix))
  const seen = new Map<string, Seen>()
  const last = new Map<string, number>()
  const [outOfOrder, changed]: [Discrepancy[], Discrepancy[]] = [[], []]
  let records = 0
  for await (const record of readTopics(connection, topics, await listPresent(connection))) {
    records += 1
    const found = toSeen(record)
    const digest = expected.get(found.id)
    if (digest && Buffer.compare(digest, toDigest(record.value ?? Buffer.alloc(0))) !== 0) {
      changed.push(toDiscrepancy(found))
    }
    if (seen.has(found.id)) continue
    seen.set(found.id, found)
    // What was not committed tells nothing of the order of what was.
    if (digest === undefined || !record.headers.has('ce_usersequence')) continue
    const [sequence, place] = [
      Number(record.headers.get('ce_usersequence')),
      `${record.headers.get('ce_epoch')} ${found.topic} ${found.key}`,
    ]
    if (sequence <= (last.get(place) ?? 0)) outOfOrder.push(toDiscrepancy(found))
    else last.set(place, sequence)
  }
  return { records, seen, outOfOrder, changed }
}

async function listPresent(connection: KafkaConnection): Promise<Set<string>> {
  const admin = new Admin(toClientOptions(connection))
  try {
    return new Set(await admin.listTopics({}))
  } finally {
    await admin.close()
  }
}

/** Short: against faults, not against somebody. */
function toDigest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, 16)
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function toSeen({ topic, key, headers }: TopicRecord): Seen {
  const id = headers.get('ce_id') ?? ''
  return { id, topic, key: String(key ?? ''), time: new Date(headers.get('ce_time') ?? Number.NaN) }
}

function toDiscrepancy({ id, topic, key }: Discrepancy): Discrepancy {
  return { id, topic, key }
}
