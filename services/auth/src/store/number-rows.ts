import { type Kysely, sql, type Transaction } from 'kysely'
import { type Installation, settleEpoch } from './epoch.ts'
import type { Lane, NumberedLane } from './lanes.ts'
import type { Schema } from './schema.ts'
import { TermLostError } from './term-lost-error.ts'

/** The right to number a lane's rows: void as soon as another has taken over. */
export interface Leadership {
  readonly term: number
  readonly epoch: string
}

/** Begins a term: from its commit on, nobody numbers with an older one. */
export async function takeOverLane(
  trx: Transaction<Schema>,
  lane: Lane,
  installation: Installation,
): Promise<Leadership> {
  const { rows } = await sql<{ term: number }>`
    update lanes set term = term + 1 where lane = ${lane.lane} returning term`.execute(trx)
  const [row] = rows
  if (!row) throw new Error('the lane is not in the table lanes')
  return { term: row.term, epoch: await settleEpoch(trx, installation) }
}

/** What {@link numberRows} did. */
export interface Numbering {
  /** How many rows got a number. */
  readonly count: number
  /** The highest number given, where there was any. */
  readonly lastNumber: number | undefined
  /** The highest position among the rows that got one: all that were visible below it have theirs. */
  readonly lastPosition: number | undefined
}

/**
 * Gives the next numbers to at most `limit` committed rows that have none, in the order of their positions, which for events is the
 * order of commits for each user. One statement, so one transaction: the lane's row is locked, its term checked and raised with
 * the rows. "Without a number" is a property of the row, never a cursor: positions are drawn before commit, so a lower one may
 * appear later; `above` may only be a position up to which none can, see `makeSettledPosition`.
 * @throws TermLostError when another process has taken over.
 */
export async function numberRows(
  kysely: Kysely<Schema>,
  lane: NumberedLane,
  leadership: Leadership,
  limit: number,
  above = 0,
): Promise<Numbering> {
  const unnumbered = above === 0 ? lane.unnumbered : sql`${lane.unnumbered} and position > ${above}::bigint`
  const [table, number] = [sql.table(lane.table), sql.ref(lane.number)]
  const { rows } = await sql<{
    term: number
    count: number
    last_number: number | null
    last_position: number | null
  }>`
    with waiting as (
      select position, row_number() over (order by position) as place from (
        select position from ${table} where ${unnumbered} order by position limit ${limit}::bigint
      ) oldest
    ), bump as (
      update lanes set last_pub_seq = last_pub_seq + (select count(*) from waiting)
      where lane = ${lane.lane} and term = ${leadership.term}::bigint and exists (select from waiting)
      returning last_pub_seq, last_pub_seq - (select count(*) from waiting) as before
    ), numbered as (
      update ${table} set ${number} = bump.before + waiting.place, epoch = ${leadership.epoch}::text
      from waiting, bump where ${table}.position = waiting.position
      returning 1
    )
    select lanes.term, (select count(*) from numbered) as count, (select last_pub_seq from bump) as last_number,
      (select max(position) from waiting) as last_position
    from lanes where lane = ${lane.lane}`.execute(kysely)
  const [row] = rows
  if (row?.term !== leadership.term) throw new TermLostError(`term ${leadership.term} is over: ${row?.term}`)
  return {
    count: row.count,
    lastNumber: row.last_number ?? undefined,
    lastPosition: row.last_position ?? undefined,
  }
}

/** The highest position of a committed row that waits for a number; undefined where none does. `above` as in {@link numberRows}. */
export async function findLastWaiting(
  kysely: Kysely<Schema>,
  lane: NumberedLane,
  above: number,
): Promise<number | undefined> {
  const { rows } = await sql<{ last: number | null }>`
    select max(position) as last from ${sql.table(lane.table)}
    where ${lane.unnumbered} and position > ${above}::bigint`.execute(kysely)
  return rows[0]?.last ?? undefined
}
