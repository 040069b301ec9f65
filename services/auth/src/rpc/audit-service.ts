import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Timestamp, timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt'
import {
  AuditActorKind,
  type AuditEventSchema,
  AuditOutcome,
  type AuditService,
} from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { invalidField } from '../domain/errors.ts'
import { listAuditEvents } from '../use-cases/list-audit-events.ts'
import type { UnaryHandlers } from './unary-handlers.ts'

type AuditRow = Awaited<ReturnType<typeof listAuditEvents>>['events'][number]

/** AuditService: translate in, read, translate out. */
export function makeAuditService(deps: Pick<Deps, 'database'>): UnaryHandlers<typeof AuditService> {
  return {
    listAuditEvents: async (caller, request) => {
      const { actions, actor, before, outcome, pageSize, pageToken, since, userId } = request
      const { events, nextPageToken } = await listAuditEvents(deps, caller, {
        ...{ actions, pageSize, pageToken, userId },
        actorKind: toName(AuditActorKind, actor?.kind ?? 0, 'actor.kind'),
        actorId: actor?.id ?? '',
        outcome: toName(AuditOutcome, outcome, 'outcome'),
        since: toDate(since, 'since'),
        before: toDate(before, 'before'),
      })
      return { events: events.map(toMessage), nextPageToken }
    },
  }
}

/** The name of an enum's value; undefined where none was said. */
function toName<E extends Readonly<Record<string, string | number>>>(
  names: E,
  value: number,
  field: string,
): Exclude<keyof E & string, 'UNSPECIFIED'> | undefined {
  if (value === 0) return undefined
  const name = Object.keys(names).find((known) => names[known] === value)
  if (name === undefined) throw invalidField(field, 'is not known')
  return name as Exclude<keyof E & string, 'UNSPECIFIED'>
}

/** PostgreSQL's years end long before those that a timestamp can name. */
function toDate(timestamp: Timestamp | undefined, field: string): Date | undefined {
  if (timestamp === undefined) return undefined
  const date = timestampDate(timestamp)
  const year = date.getUTCFullYear()
  if (!(year >= 1 && year <= 9999)) throw invalidField(field, 'must be within the years 1 to 9999')
  return date
}

function toMessage(row: AuditRow): MessageInitShape<typeof AuditEventSchema> {
  return {
    id: row.id,
    occurredAt: timestampFromDate(row.occurred_at),
    actor: { kind: AuditActorKind[row.actor_kind], id: row.actor_id },
    onBehalfOf: row.on_behalf_of ?? '',
    action: row.action,
    target: { kind: row.target_kind, id: row.target_id },
    userId: row.user_id ?? '',
    outcome: AuditOutcome[row.outcome],
    reason: row.reason,
    ip: row.ip,
    userAgent: row.user_agent,
    traceparent: row.traceparent,
    requestId: row.request_id,
    tokenId: row.token_id,
    changedFields: row.changed_fields,
  }
}
