import { type Kysely, sql } from 'kysely'
import { lanes } from './lanes.ts'
import { type Leadership, TermLostError } from './number-rows.ts'
import type { Schema } from './schema.ts'

const { lane } = lanes.revocations

/** The number up to which revocations are known to be published; 0 before the first. */
export async function getPublishedUpTo(kysely: Kysely<Schema>): Promise<number> {
  const { rows } = await sql<{ published_up_to: number }>`
    select published_up_to from lanes where lane = ${lane}`.execute(kysely)
  const [row] = rows
  if (!row) throw new Error('the lane is not in the table lanes')
  return row.published_up_to
}

/** Marks what the broker has acknowledged, and nothing before it has. After a takeover it marks nothing. */
export async function markRevocationsPublished(
  kysely: Kysely<Schema>,
  { term }: Leadership,
  upTo: number,
): Promise<void> {
  await sql`
    update lanes set published_up_to = ${upTo}::bigint
    where lane = ${lane} and term = ${term}::bigint and published_up_to < ${upTo}::bigint`.execute(kysely)
}

/**
 * The highest number given to a revocation.
 * @throws TermLostError when another process has taken over.
 */
export async function getLastRevocationNumber(kysely: Kysely<Schema>, { term }: Leadership): Promise<number> {
  const { rows } = await sql<{ last_pub_seq: number }>`
    select last_pub_seq from lanes where lane = ${lane} and term = ${term}::bigint`.execute(kysely)
  const [row] = rows
  if (!row) throw new TermLostError(`term ${term} is over`)
  return row.last_pub_seq
}
