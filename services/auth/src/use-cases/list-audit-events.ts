import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { type AuditActorKind, type AuditOutcome, auditActions } from '../domain/audit.ts'
import type { Caller } from '../domain/caller.ts'
import type { FieldViolation } from '../domain/errors.ts'
import { findUserId } from '../domain/ids.ts'
import { type AuditFilter, type AuditRow, listAuditRows } from '../store/list-audit-rows.ts'
import { assertFields } from './assert-fields.ts'
import { type PageConditions, readPageToken, toPage } from './page-token.ts'
import { requireService } from './require-service.ts'

/** Which rows of the audit trail, and which page of them; empty texts are not said. */
export interface ListAuditEventsInput {
  /** 0: 50. */
  readonly pageSize: number
  readonly pageToken: string
  readonly actorKind: AuditActorKind | undefined
  readonly actorId: string
  readonly actions: readonly string[]
  readonly userId: string
  readonly outcome: AuditOutcome | undefined
  readonly since: Date | undefined
  readonly before: Date | undefined
}

/**
 * A page of the audit trail, newest first.
 * @throws AuthError INVALID_FIELD, NOT_SELF, MISSING_ACCESS_TOKEN, DATABASE_UNAVAILABLE.
 */
export async function listAuditEvents(
  deps: Pick<Deps, 'database'>,
  caller: Caller,
  input: ListAuditEventsInput,
): Promise<{ readonly events: AuditRow[]; readonly nextPageToken: string }> {
  requireService(caller)
  assertFields(findViolations(input))
  const filter = toFilter(input)
  const size = Math.min(input.pageSize || bounds.auditPageDefault, bounds.auditPage)
  const conditions = toConditions(filter)
  const below = readPageToken(input.pageToken, conditions, 'ListAuditEvents', findPosition)
  const found = await listAuditRows(deps.database.kysely, filter, below, size + 1)
  const { rows: events, nextPageToken } = toPage(found, size, conditions, ({ position }) => position)
  return { events, nextPageToken }
}

const knownActions: ReadonlySet<string> = new Set(auditActions)

function findViolations({ actions, actorId, pageSize, userId }: ListAuditEventsInput): FieldViolation[] {
  const violations: FieldViolation[] = []
  const refuse = (field: string, description: string) => violations.push({ field, description })
  if (pageSize < 0) refuse('page_size', 'must not be negative')
  if (actorId.length > bounds.auditActorMax || actorId.includes('\0')) refuse('actor.id', 'is not an id')
  if (actions.length > bounds.auditActions) refuse('actions', `must be at most ${bounds.auditActions}`)
  else if (!actions.every((action) => knownActions.has(action))) refuse('actions', 'must be names of actions')
  if (userId !== '' && findUserId(userId) === undefined) refuse('user_id', 'must be a UUID')
  return violations
}

function toFilter(input: ListAuditEventsInput): AuditFilter {
  const { actions, actorId, actorKind, before, outcome, since, userId } = input
  return {
    ...{ actions, actorKind, before, outcome, since },
    actorId: actorId || undefined,
    userId: findUserId(userId),
  }
}

/** What a page token is bound to. */
function toConditions(filter: AuditFilter): PageConditions {
  const { actions, actorId, actorKind, before, outcome, since, userId } = filter
  return [actorKind, actorId, [...actions].sort(), userId, outcome, since, before]
}

function findPosition(text: string): number | undefined {
  const position = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(position) ? position : undefined
}
