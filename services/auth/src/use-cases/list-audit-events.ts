import { createHash } from 'node:crypto'
import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { type AuditActorKind, type AuditOutcome, auditActions } from '../domain/audit.ts'
import type { Caller } from '../domain/caller.ts'
import { type FieldViolation, invalidField } from '../domain/errors.ts'
import { findUserId } from '../domain/ids.ts'
import { type AuditFilter, type AuditRow, listAuditRows } from '../store/list-audit-rows.ts'
import { assertFields } from './assert-fields.ts'
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
  const below = input.pageToken === '' ? undefined : fromPageToken(input.pageToken, filter)
  // One more than the page tells whether there is another.
  const found = await listAuditRows(deps.database.kysely, filter, below, size + 1)
  const events = found.slice(0, size)
  const last = events.at(-1)
  const isLastPage = found.length <= size || last === undefined
  return { events, nextPageToken: isLastPage ? '' : toPageToken(last.position, filter) }
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

/** Below which position the next page begins, and a print of the conditions: with others the token means nothing (AIP-158). */
function toPageToken(position: number, filter: AuditFilter): string {
  return Buffer.from(`${position} ${toPrint(filter)}`).toString('base64url')
}

function fromPageToken(token: string, filter: AuditFilter): number {
  const text = Buffer.from(token.slice(0, bounds.pageTokenMax), 'base64url').toString()
  const [, position, print] = /^([1-9]\d{0,15}) (.*)$/.exec(text) ?? []
  if (position === undefined || !Number.isSafeInteger(Number(position))) {
    throw invalidField('page_token', 'is not one that ListAuditEvents gave')
  }
  if (print !== toPrint(filter)) throw invalidField('page_token', 'belongs to other conditions')
  return Number(position)
}

function toPrint(filter: AuditFilter): string {
  const { actions, actorId, actorKind, before, outcome, since, userId } = filter
  const text = JSON.stringify([actorKind, actorId, [...actions].sort(), userId, outcome, since, before])
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}
