import { type Kysely, sql } from 'kysely'
import type { Leadership } from './number-rows.ts'
import { type NumberedEvent, onlyLane, selectNumbered, toNumberedEvent } from './outbox.ts'
import type { Schema } from './schema.ts'
import { TermLostError } from './term-lost-error.ts'

/** What a key is parked for: its events wait, or its user's state is withheld. */
export type ParkedKind = 'EVENTS' | 'STATES'

/** A key whose events wait, because the broker refuses the first of them, or whose user's state it refuses. */
export interface ParkedKey {
  readonly key: string
  /** The number of the refused event; 0 for a state. */
  readonly pubSeq: number
  /** The broker's word for it, such as `MESSAGE_TOO_LARGE`. */
  readonly reason: string
  readonly parkedAt: Date
  /** How often it was refused. */
  readonly attempts: number
  readonly retryAt: Date
}

/** How long a parked key waits for its next try: doubled with every refusal, up to a limit. */
export interface ParkTimes {
  readonly firstMs: number
  readonly longestMs: number
}

/** All parked keys of a kind, the one that has waited longest first. */
export async function listParkedKeys(
  kysely: Kysely<Schema>,
  kind: ParkedKind = 'EVENTS',
): Promise<ParkedKey[]> {
  const rows = await kysely
    .selectFrom('parked_keys')
    .select(['key', 'pub_seq', 'reason', 'parked_at', 'attempts', 'retry_at'])
    .where('kind', '=', kind)
    .orderBy('parked_at')
    .execute()
  return rows.map((row) => ({
    key: row.key,
    pubSeq: row.pub_seq,
    reason: row.reason,
    parkedAt: row.parked_at,
    attempts: row.attempts,
    retryAt: row.retry_at,
  }))
}

/** What was refused. */
export interface RefusedKey {
  readonly kind?: ParkedKind
  readonly key: string
  readonly pubSeq: number
  readonly reason: string
}

/**
 * Parks a key at a refused event, or its state, or notes that it was refused once more.
 * @throws TermLostError when another process has taken over.
 */
export async function parkKey(
  kysely: Kysely<Schema>,
  { term }: Leadership,
  { kind = 'EVENTS', key, pubSeq, reason }: RefusedKey,
  { firstMs, longestMs }: ParkTimes,
): Promise<void> {
  const { numAffectedRows } = await sql`
    insert into parked_keys (kind, key, pub_seq, reason, retry_at)
    select ${kind}::text, ${key}::text, ${pubSeq}::bigint, ${reason}::text,
      clock_timestamp() + ${firstMs}::float8 * interval '1 ms'
    from lanes where lane = ${onlyLane} and term = ${term}::bigint
    on conflict (kind, key) do update set pub_seq = excluded.pub_seq, reason = excluded.reason,
      attempts = parked_keys.attempts + 1, retry_at = clock_timestamp() + interval '1 ms'
        * least(${longestMs}::float8, ${firstMs}::float8 * power(2, least(parked_keys.attempts, 30)))`.execute(
    kysely,
  )
  if (numAffectedRows !== 1n) throw new TermLostError(`term ${term} is over`)
}

/** The key parked at a number up to `upTo` whose next try is due, the longest due first. */
export async function findDueKey(
  kysely: Kysely<Schema>,
  upTo: number,
  kind: ParkedKind = 'EVENTS',
): Promise<string | undefined> {
  const { rows } = await sql<{ key: string }>`
    select key from parked_keys
    where kind = ${kind}::text and pub_seq <= ${upTo}::bigint and retry_at <= clock_timestamp()
    order by retry_at limit 1`.execute(kysely)
  return rows[0]?.key
}

/** A key's next unpublished events up to a number, in order. */
export async function listWaitingOfKey(
  kysely: Kysely<Schema>,
  key: string,
  upTo: number,
  limit: number,
): Promise<NumberedEvent[]> {
  const rows = await selectNumbered(kysely)
    .where('published_at', 'is', null)
    .where('pub_seq', '<=', upTo)
    .where('key', '=', key)
    .orderBy('pub_seq')
    .limit(limit)
    .execute()
  return rows.map(toNumberedEvent)
}

/** Takes a key off the list. */
export async function unparkKey(
  kysely: Kysely<Schema>,
  key: string,
  kind: ParkedKind = 'EVENTS',
): Promise<void> {
  await kysely.deleteFrom('parked_keys').where('kind', '=', kind).where('key', '=', key).execute()
}

/** Makes the next try of one key, or of all, due now, for events and states; returns how many there are. */
export async function retryParkedKeys(kysely: Kysely<Schema>, key: string | undefined): Promise<number> {
  const { numUpdatedRows } = await kysely
    .updateTable('parked_keys')
    .set({ retry_at: sql`clock_timestamp()` })
    .$if(key !== undefined, (query) => query.where('key', '=', key ?? ''))
    .executeTakeFirstOrThrow()
  return Number(numUpdatedRows)
}

/** Marks events by their numbers: what stands between them was not acknowledged. */
export async function markEventsPublished(kysely: Kysely<Schema>, pubSeqs: readonly number[]): Promise<void> {
  await sql`
    update outbox set published_at = clock_timestamp()
    where lane = ${onlyLane} and pub_seq = any(${[...pubSeqs]}::bigint[]) and published_at is null`.execute(
    kysely,
  )
}
