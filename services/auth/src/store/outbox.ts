import type { EventName } from '@immersiverse/auth-contract'
import { type Kysely, type Selectable, sql } from 'kysely'
import { lanes } from './lanes.ts'
import type { Schema } from './schema.ts'

/** The lane that all events take: one order, one leader. */
export const onlyLane = lanes.events.lane

/** An event that has its number: what sinks publish and watchers read. Nothing of it changes any more. */
export interface NumberedEvent {
  /** Gapless within the lane; an event never has two (O7). */
  readonly pubSeq: number
  /** The epoch in which it was numbered. */
  readonly epoch: string
  readonly id: string
  readonly event: EventName
  /** The Kafka record's key. */
  readonly key: string
  readonly userId: string | undefined
  /** The event's number among the user's, from 1; undefined for events outside the sequences. */
  readonly userSequence: number | undefined
  /** The user's number before it on the same topic, 0 for the first; undefined together with `userSequence`. */
  readonly topicPrevious: number | undefined
  readonly contentType: string
  readonly data: Uint8Array
  readonly traceparent: string | undefined
  readonly occurredAt: Date
}

type NumberedRow = Omit<Selectable<Schema['outbox']>, 'lane' | 'position' | 'published_at'>

/** Numbered events as rows: complete with `where`, `orderBy`, `limit`, and map with {@link toNumberedEvent}. */
export function selectNumbered(kysely: Kysely<Schema>) {
  return kysely
    .selectFrom('outbox')
    .select(['id', 'event', 'key', 'user_id', 'user_sequence', 'topic_previous', 'content_type', 'data'])
    .select(['traceparent', 'occurred_at', 'epoch', 'pub_seq'])
    .where('lane', '=', onlyLane)
    .where('pub_seq', 'is not', null)
}

/** The event in a row of {@link selectNumbered}. */
export function toNumberedEvent(row: NumberedRow): NumberedEvent {
  if (row.pub_seq === null || row.epoch === null) throw new Error(`the event ${row.id} has no number`)
  const sequence = row.user_sequence ?? undefined
  return {
    pubSeq: row.pub_seq,
    epoch: row.epoch,
    id: row.id,
    event: row.event as EventName,
    key: row.key,
    userId: row.user_id ?? undefined,
    userSequence: sequence,
    topicPrevious: sequence === undefined ? undefined : (row.topic_previous ?? 0),
    contentType: row.content_type,
    data: row.data,
    traceparent: row.traceparent ?? undefined,
    occurredAt: row.occurred_at,
  }
}

/** Up to where nothing waits that is worth counting: a position up to which all is numbered, and a number up to which all is published. */
export interface OutboxReach {
  readonly position: number
  readonly pubSeq: number
}

/** How many events wait for being published, behind a reach where one is known; counts no further than `atMost`. */
export async function countUnpublished(
  kysely: Kysely<Schema>,
  atMost: number,
  reach: OutboxReach = { position: 0, pubSeq: 0 },
): Promise<number> {
  // Behind a foreign long transaction both indexes are full of dead entries: a reach leaves them out.
  const isKnown = reach.position > 0
  const behindPosition = isKnown ? sql` and position > ${reach.position}::bigint` : sql``
  const behindNumber = isKnown ? sql` and pub_seq > ${reach.pubSeq}::bigint` : sql``
  const { rows } = await sql<{ waiting: number }>`
    select (select count(*) from (select from outbox where lane = ${onlyLane} and pub_seq is null${behindPosition}
        limit ${atMost}::bigint) unnumbered)
      + (select count(*) from (select from outbox where lane = ${onlyLane} and pub_seq is not null
        and published_at is null${behindNumber} limit ${atMost}::bigint) unpublished) as waiting`.execute(
    kysely,
  )
  return Math.min(rows[0]?.waiting ?? 0, atMost)
}

/** Numbered events that are not marked as published, above a number, in order. */
export async function listUnpublished(
  kysely: Kysely<Schema>,
  afterPubSeq: number,
  limit: number,
): Promise<NumberedEvent[]> {
  const { rows } = await sql<NumberedRow>`
    select id, event, key, user_id, user_sequence, topic_previous, content_type, data, traceparent, occurred_at, epoch, pub_seq
    from outbox
    where lane = ${onlyLane} and pub_seq is not null and published_at is null and pub_seq > ${afterPubSeq}::bigint
    order by pub_seq limit ${limit}::bigint`.execute(kysely)
  return rows.map(toNumberedEvent)
}

/** Marks what the sink has acknowledged, and nothing before it has. */
export async function markPublished(
  kysely: Kysely<Schema>,
  firstPubSeq: number,
  lastPubSeq: number,
): Promise<void> {
  await sql`
    update outbox set published_at = clock_timestamp()
    where lane = ${onlyLane} and pub_seq between ${firstPubSeq}::bigint and ${lastPubSeq}::bigint
      and published_at is null`.execute(kysely)
}
