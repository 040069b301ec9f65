import { createHash } from 'node:crypto'
import { sql } from 'kysely'

/** A row of the audit trail as the chain sees it: every column as text, the time with its microseconds. */
export interface AuditFacts {
  readonly id: string
  readonly position: number
  readonly at_text: string
  readonly actor_kind: string
  readonly actor_id: string
  readonly on_behalf_of: string | null
  readonly action: string
  readonly target_kind: string
  readonly target_id: string
  readonly user_id: string | null
  readonly outcome: string
  readonly reason: string
  readonly ip: string
  readonly user_agent: string
  readonly traceparent: string
  readonly request_id: string
  readonly token_id: string
  readonly changed_fields: readonly string[]
}

/** The columns of {@link AuditFacts}, of a table named `l`. */
export const auditFactColumns = sql`l.id, l.position,
  to_char(l.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at_text, l.actor_kind, l.actor_id,
  l.on_behalf_of, l.action, l.target_kind, l.target_id, l.user_id, l.outcome, l.reason, l.ip, l.user_agent, l.traceparent,
  l.request_id, l.token_id, l.changed_fields`

/** What the first entry of the chain builds on. */
export const chainBeginning: Uint8Array = new Uint8Array(32)

/** SHA-256 of the previous hash, followed by the row as a JSON array in UTF-8: `docs/audit.md` shows its order. */
export function toChainHash(previous: Uint8Array, row: AuditFacts): Uint8Array {
  const facts = [
    ...['1', row.id, row.at_text, row.position, row.actor_kind, row.actor_id, row.on_behalf_of, row.action],
    ...[row.target_kind, row.target_id, row.user_id, row.outcome, row.reason, row.ip, row.user_agent],
    ...[row.traceparent, row.request_id, row.token_id, row.changed_fields],
  ]
  return createHash('sha256').update(previous).update(JSON.stringify(facts)).digest()
}
