import { type Kysely, sql, type Transaction } from 'kysely'
import { settleEpoch } from './epoch.ts'
import { type NumberedEvent, onlyLane, selectNumbered, toNumberedEvent } from './outbox.ts'
import type { Schema } from './schema.ts'

/** The right to number events: void as soon as another has taken over. */
export interface Leadership {
  readonly term: number
  readonly epoch: string
}

/** Another process has taken over since: its term is higher than ours. */
export class TermLostError extends Error {
  override readonly name = 'TermLostError'
}

/** Begins a term: from its commit on, nobody numbers with an older one. */
export async function takeOverLane(trx: Transaction<Schema>): Promise<Leadership> {
  const { rows } = await sql<{ term: number }>`
    update lanes set term = term + 1 where lane = ${onlyLane} returning term`.execute(trx)
  const [row] = rows
  if (!row) throw new Error('the lane is not in the table lanes')
  return { term: row.term, epoch: await settleEpoch(trx) }
}

/** What {@link numberEvents} did. */
export interface Numbering {
  /** How many events got a number. */
  readonly count: number
  /** The highest number given, where there was any. */
  readonly lastPubSeq: number | undefined
}

/**
 * Gives the next numbers to at most `limit` committed events that have none, in the order of their positions, which is the
 * order of commits for each user. One statement, so one transaction: the lane's row is locked, its term checked and raised with
 * the rows. "Without a number" is a property of the row, never a cursor: positions are drawn before commit, so a lower one may
 * appear later.
 * @throws TermLostError when another process has taken over.
 */
export async function numberEvents(
  kysely: Kysely<Schema>,
  leadership: Leadership,
  limit: number,
): Promise<Numbering> {
  const { rows } = await sql<{ term: number; count: number; last_pub_seq: number | null }>`
    with waiting as (
      select position, row_number() over (order by position) as place from (
        select position from outbox where lane = ${onlyLane} and pub_seq is null
        order by position limit ${limit}::bigint
      ) oldest
    ), bump as (
      update lanes set last_pub_seq = last_pub_seq + (select count(*) from waiting)
      where lane = ${onlyLane} and term = ${leadership.term}::bigint and exists (select from waiting)
      returning last_pub_seq, last_pub_seq - (select count(*) from waiting) as before
    ), numbered as (
      update outbox set pub_seq = bump.before + waiting.place, epoch = ${leadership.epoch}::text
      from waiting, bump where outbox.position = waiting.position
      returning 1
    )
    select lanes.term, (select count(*) from numbered) as count, (select last_pub_seq from bump) as last_pub_seq
    from lanes where lane = ${onlyLane}`.execute(kysely)
  const [row] = rows
  if (row?.term !== leadership.term) throw new TermLostError(`term ${leadership.term} is over: ${row?.term}`)
  return { count: row.count, lastPubSeq: row.last_pub_seq ?? undefined }
}

/** Numbered events that are not marked as published, above a number, in order. */
export async function listUnpublished(
  kysely: Kysely<Schema>,
  afterPubSeq: number,
  limit: number,
): Promise<NumberedEvent[]> {
  const rows = await selectNumbered(kysely)
    .where('published_at', 'is', null)
    .where('pub_seq', '>', afterPubSeq)
    .orderBy('pub_seq')
    .limit(limit)
    .execute()
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
