import { type Kysely, type Selectable, sql } from 'kysely'
import type { AuditActorKind, AuditOutcome } from '../domain/audit.ts'
import type { UserId } from '../domain/ids.ts'
import type { Schema } from './schema.ts'

/** Which rows of the audit trail; what is undefined is not asked for. */
export interface AuditFilter {
  readonly actorKind: AuditActorKind | undefined
  readonly actorId: string | undefined
  /** Any of these; none means all. */
  readonly actions: readonly string[]
  readonly userId: UserId | undefined
  readonly outcome: AuditOutcome | undefined
  readonly since: Date | undefined
  readonly before: Date | undefined
}

/** A row of the audit trail. */
export type AuditRow = Selectable<Schema['audit_log']>

/** Rows below a position, newest first; from the newest with `below` undefined. */
export async function listAuditRows(
  kysely: Kysely<Schema>,
  filter: AuditFilter,
  below: number | undefined,
  limit: number,
): Promise<AuditRow[]> {
  return await toAuditQuery(kysely, filter, below, limit).execute()
}

/** The query of {@link listAuditRows}. */
export function toAuditQuery(
  kysely: Kysely<Schema>,
  { actions, actorId, actorKind, before, outcome, since, userId }: AuditFilter,
  below: number | undefined,
  limit: number,
) {
  return (
    kysely
      .selectFrom('audit_log')
      .selectAll()
      .$if(below !== undefined, (query) => query.where('position', '<', below ?? 0))
      .$if(actorKind !== undefined, (query) => query.where('actor_kind', '=', actorKind ?? 'SYSTEM'))
      .$if(actorId !== undefined, (query) => query.where('actor_id', '=', actorId ?? ''))
      // They have no id, and the index begins with it.
      .$if(actorKind === 'ANONYMOUS' || actorKind === 'SYSTEM', (query) => query.where('actor_id', '=', ''))
      .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
      .$if(actions.length > 0, (query) => query.where(sql<boolean>`action = any(${[...actions]}::text[])`))
      .$if(outcome === 'SUCCEEDED', (query) => query.where('outcome', '=', 'SUCCEEDED'))
      // As the index has it: most rows are of the other kind.
      .$if(outcome !== undefined && outcome !== 'SUCCEEDED', (query) =>
        query.where('outcome', '=', outcome ?? 'FAILED').where(sql<boolean>`outcome <> 'SUCCEEDED'`),
      )
      .$if(since !== undefined, (query) => query.where('occurred_at', '>=', since ?? new Date(0)))
      .$if(before !== undefined, (query) => query.where('occurred_at', '<', before ?? new Date(0)))
      .orderBy('position', 'desc')
      .limit(limit)
  )
}
