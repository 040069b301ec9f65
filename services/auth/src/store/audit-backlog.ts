import { type Kysely, sql } from 'kysely'
import { lanes } from './lanes.ts'
import type { Schema } from './schema.ts'

/** How far the chain of the audit trail has come. */
export interface AuditBacklog {
  /** Rows without an entry, at most `countAtMost`. */
  readonly waiting: number
  /** How long ago the oldest of them was written, by the database's clock; 0 where none waits. */
  readonly oldestMs: number
  /** The chain's end; undefined where it has no entry. */
  readonly last: { readonly seq: number; readonly ageMs: number } | undefined
}

/** Reads how far the chain is behind the rows that are committed. */
export async function getAuditBacklog(kysely: Kysely<Schema>, countAtMost: number): Promise<AuditBacklog> {
  const { rows: waiting } = await sql<{ count: number; oldest_ms: number }>`
    select count(*)::integer as count,
      coalesce(extract(epoch from clock_timestamp() - min(occurred_at)) * 1000, 0)::float8 as oldest_ms
    from (
      select l.occurred_at from audit_log l
      where l.position > (select published_up_to from lanes where lane = ${lanes.audit.lane}) and not exists (
        select from audit_chain c where c.position = l.position and c.occurred_at = l.occurred_at)
      limit ${countAtMost}::bigint
    ) as waiting`.execute(kysely)
  const { rows: ends } = await sql<{ seq: number; age_ms: number }>`
    select seq, (extract(epoch from clock_timestamp() - occurred_at) * 1000)::float8 as age_ms
    from audit_chain order by seq desc limit 1`.execute(kysely)
  const [end] = ends
  const { count = 0, oldest_ms: oldestMs = 0 } = waiting[0] ?? {}
  return { waiting: count, oldestMs, last: end && { seq: end.seq, ageMs: end.age_ms } }
}
