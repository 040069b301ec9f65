import { type Kysely, sql } from 'kysely'
import { type AuditActor, type AuditEntry, toActor } from '../domain/audit.ts'
import type { Schema } from './schema.ts'

/** An entry with who did it, on its way into the audit trail. */
export interface AuditRecord {
  /** A UUIDv7. */
  readonly id: string
  readonly actor: AuditActor
  readonly entry: AuditEntry
}

/** Characters that a text of the trail has at most; whoever sends more is not worth more space. */
const textMax = 512

/**
 * Writes rows of the audit trail, in one statement; in the transaction of what they tell, where `db` is one. Their time is the database's. Texts
 * lose control characters and what is beyond 512 characters.
 */
export async function appendAudit(db: Kysely<Schema>, records: readonly AuditRecord[]): Promise<void> {
  await sql`
    insert into audit_log (id, actor_kind, actor_id, on_behalf_of, action, target_kind, target_id, user_id, outcome, reason,
      ip, user_agent, traceparent, request_id, token_id, changed_fields)
    select id, actor_kind, actor_id, on_behalf_of, action, target_kind, target_id, user_id, outcome, reason,
      ip, user_agent, traceparent, request_id, token_id, changed_fields
    from jsonb_to_recordset(${JSON.stringify(records.map(toRow))}::jsonb) as entry (id uuid, actor_kind text, actor_id text,
      on_behalf_of uuid, action text, target_kind text, target_id text, user_id uuid, outcome text, reason text, ip text,
      user_agent text, traceparent text, request_id text, token_id text, changed_fields text[])`.execute(db)
}

function toRow({ id, actor, entry }: AuditRecord) {
  const origin = actor === 'system' ? undefined : actor.origin
  const { kind, id: actorId } = toActor(actor)
  return {
    id,
    actor_kind: kind,
    actor_id: toText(actorId),
    on_behalf_of: entry.onBehalfOf ?? null,
    action: entry.action,
    target_kind: entry.target.kind,
    target_id: toText(entry.target.id),
    user_id: entry.userId ?? null,
    outcome: entry.outcome ?? 'SUCCEEDED',
    reason: toText(entry.reason),
    ip: toText(origin?.ip),
    user_agent: toText(origin?.userAgent),
    traceparent: toText(origin?.traceparent),
    request_id: toText(origin?.requestId),
    token_id: toText(origin?.tokenId),
    changed_fields: [...(entry.changedFields ?? [])],
  }
}

function toText(text = ''): string {
  return text
    .slice(0, textMax)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
}
