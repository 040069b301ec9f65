import { type Kysely, sql } from 'kysely'
import { type AuditFacts, auditFactColumns, chainBeginning, toChainHash } from './audit-facts.ts'
import { lanes } from './lanes.ts'
import type { Leadership, Numbering } from './number-rows.ts'
import type { Schema } from './schema.ts'
import { TermLostError } from './term-lost-error.ts'

/** The end of the chain. */
export interface ChainHead {
  readonly seq: number
  readonly hash: Uint8Array
  /** Every row up to it has its entry, and no other can appear. */
  readonly settled: number
}

/** Where the chain ends; its beginning where it has no entries, an anchor where all of them were dropped. */
export async function getChainHead(kysely: Kysely<Schema>): Promise<ChainHead> {
  const { rows } = await sql<{ seq: number | null; hash: Uint8Array | null; settled: number }>`
    select ended.seq, ended.hash, lanes.published_up_to as settled
    from lanes left join lateral (
      (select seq, hash from audit_chain order by seq desc limit 1)
      union all (select seq, hash from audit_anchors order by seq desc limit 1)
      order by seq desc limit 1
    ) as ended on true
    where lanes.lane = ${lanes.audit.lane}`.execute(kysely)
  const [row] = rows
  if (!row) throw new Error('the lane of the audit trail is not in the table lanes')
  return { seq: row.seq ?? 0, hash: row.hash ?? chainBeginning, settled: row.settled }
}

/**
 * Gives the next entries of the chain to at most `limit` committed rows that have none, in the order of their positions. "Without an entry" is a
 * property of the row: positions are drawn before commit, so a lower one may appear later; `above` may only be a position up to which none can.
 * @throws TermLostError when another process has taken over.
 */
export async function chainRows(
  kysely: Kysely<Schema>,
  { term }: Leadership,
  head: ChainHead,
  limit: number,
  above: number,
): Promise<Numbering & { readonly head: ChainHead }> {
  const settled = Math.max(above, head.settled)
  const { rows } = await sql<AuditFacts>`
    select ${auditFactColumns} from audit_log l
    where l.position > ${settled}::bigint and not exists (
      select from audit_chain c where c.position = l.position and c.occurred_at = l.occurred_at)
    order by l.position limit ${limit}::bigint`.execute(kysely)
  if (rows.length === 0 && settled === head.settled) return { ...none, head }
  const hashes: Uint8Array[] = []
  for (const row of rows) hashes.push(toChainHash(hashes.at(-1) ?? head.hash, row))
  const { rows: written } = await sql<{ term: number; moved: boolean }>`
    with led as (
      update lanes set last_pub_seq = last_pub_seq + ${rows.length}::bigint, published_up_to = ${settled}::bigint
      where lane = ${lanes.audit.lane} and term = ${term}::bigint and last_pub_seq = ${head.seq}::bigint
      returning last_pub_seq
    ), linked as (
      insert into audit_chain (seq, occurred_at, position, row_id, hash)
      select ${head.seq}::bigint + place, at_text::timestamptz, position, row_id, hash
      from led, unnest(${rows.map(({ at_text }) => at_text)}::text[], ${rows.map(({ position }) => position)}::bigint[],
        ${rows.map(({ id }) => id)}::uuid[], ${hashes}::bytea[])
        with ordinality as entry (at_text, position, row_id, hash, place)
    )
    select term, exists (select from led) as moved from lanes where lane = ${lanes.audit.lane}`.execute(
    kysely,
  )
  if (written[0]?.moved !== true) throw new TermLostError(`term ${term} is over: ${written[0]?.term}`)
  const last = rows.at(-1)
  return {
    count: rows.length,
    lastNumber: last && head.seq + rows.length,
    lastPosition: last?.position,
    head: { seq: head.seq + rows.length, hash: hashes.at(-1) ?? head.hash, settled },
  }
}

const none: Numbering = Object.freeze({ count: 0, lastNumber: undefined, lastPosition: undefined })
