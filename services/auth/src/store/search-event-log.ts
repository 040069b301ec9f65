import type { EventName } from '@immersiverse/auth-contract'
import { type Kysely, sql } from 'kysely'
import { type NumberedEvent, onlyLane, selectNumbered, toNumberedEvent } from './outbox.ts'
import type { Schema } from './schema.ts'

/** Which events are asked for; what is not named does not narrow. */
export interface EventSearch {
  readonly events?: readonly EventName[]
  readonly userId?: string
  /** Committed at this instant or later. */
  readonly since?: Date
  /** Only those that the broker has acknowledged. */
  readonly published?: boolean
}

/** Numbered events above a number that match, in order. */
export async function searchEventLog(
  kysely: Kysely<Schema>,
  search: EventSearch,
  page: { readonly after: number; readonly limit: number },
): Promise<NumberedEvent[]> {
  const rows = await select(kysely, search)
    .where('pub_seq', '>', page.after)
    .orderBy('pub_seq')
    .limit(page.limit)
    .execute()
  return rows.map(toNumberedEvent)
}

/** The last `limit` numbered events that match, in order. */
export async function findLastEvents(
  kysely: Kysely<Schema>,
  search: EventSearch,
  limit: number,
): Promise<NumberedEvent[]> {
  const rows = await select(kysely, search).orderBy('pub_seq', 'desc').limit(limit).execute()
  return rows.map(toNumberedEvent).reverse()
}

/** What was committed under an id. */
export interface CommittedEvent {
  readonly id: string
  /** Null where it has no number yet. */
  readonly pubSeq: number | null
  /** SHA-256 of its data. */
  readonly digest: Uint8Array
}

/** Those of these ids that are in the outbox, by id. */
export async function findCommitted(
  kysely: Kysely<Schema>,
  ids: readonly string[],
): Promise<Map<string, CommittedEvent>> {
  const { rows } = await sql<CommittedEvent>`
    select id, pub_seq as "pubSeq", sha256(data) as digest from outbox where id = any(${[...ids]}::uuid[])`.execute(
    kysely,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** The numbers of acknowledged events committed since an instant, above a number, in order. */
export async function listPublishedNumbers(
  kysely: Kysely<Schema>,
  since: Date,
  page: { readonly after: number; readonly limit: number },
): Promise<number[]> {
  const { rows } = await sql<{ pubSeq: number }>`
    select pub_seq as "pubSeq" from outbox
    where lane = ${onlyLane} and pub_seq > ${page.after}::bigint and published_at is not null and occurred_at >= ${since}
    order by pub_seq limit ${page.limit}::bigint`.execute(kysely)
  return rows.map(({ pubSeq }) => pubSeq)
}

/** Events by their numbers, in order; those that are not there any more are left out. */
export async function findNumbered(
  kysely: Kysely<Schema>,
  numbers: readonly number[],
): Promise<NumberedEvent[]> {
  const rows = await selectNumbered(kysely)
    .where(sql<boolean>`pub_seq = any(${[...numbers]}::bigint[])`)
    .orderBy('pub_seq')
    .execute()
  return rows.map(toNumberedEvent)
}

/** What is kept of the committed events. */
export interface KeptEvents {
  /** When the oldest one was committed. */
  readonly oldest: Date
  /** Since when all are kept. Older ones that are there, because they are parked or were published late, say nothing of their contemporaries. */
  readonly allSince: Date
}

/** What is kept where published events are deleted after `retentionMs`, by the database's clock; undefined where nothing is. */
export async function findKept(kysely: Kysely<Schema>, retentionMs: number): Promise<KeptEvents | undefined> {
  const { rows } = await sql<{ oldest: Date | null; bound: Date }>`
    select min(occurred_at) as oldest, clock_timestamp() - ${retentionMs}::float8 * interval '1 ms' as bound
    from outbox`.execute(kysely)
  const { oldest, bound } = rows[0] ?? {}
  if (!oldest || !bound) return undefined
  return { oldest, allSince: oldest > bound ? oldest : bound }
}

function select(kysely: Kysely<Schema>, { events, userId, since, published }: EventSearch) {
  return selectNumbered(kysely)
    .$if(events !== undefined, (query) =>
      query.where(sql<boolean>`event = any(${[...(events ?? [])]}::text[])`),
    )
    .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
    .$if(since !== undefined, (query) => query.where('occurred_at', '>=', since ?? new Date(0)))
    .$if(published === true, (query) => query.where('published_at', 'is not', null))
}
