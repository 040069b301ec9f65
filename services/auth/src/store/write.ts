import type { Transaction } from 'kysely'
import type { AuditActor, AuditEntry } from '../domain/audit.ts'
import type { Origin } from '../domain/caller.ts'
import type { AuthEvent, UserEvent } from '../domain/events.ts'
import type { NewRevocation, RevocationMark } from '../domain/revocation.ts'
import { appendAudit } from './append-audit.ts'
import { appendEvent, appendUserEvents, type EventEncoding } from './append-event.ts'
import { insertRevocations } from './append-revocations.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** Tells what the transaction has changed: committed with it or not at all. Several at once are of several users, whose rows are locked. */
export type Announce = (...events: readonly [AuthEvent] | readonly UserEvent[]) => Promise<void>

/** Revokes, and tells with which entries: committed with the transaction or not at all. Call it when its locks are held. */
export type Revoke = (...entries: readonly NewRevocation[]) => Promise<RevocationMark>

/** Writes into the audit trail who did what: committed with the transaction or not at all. */
export type RecordAudit = (actor: AuditActor, ...entries: readonly AuditEntry[]) => Promise<void>

/** A transaction under way, and how it tells what it does. */
export interface Writing {
  readonly trx: Transaction<Schema>
  readonly announce: Announce
  readonly record: RecordAudit
}

/**
 * Runs `work` in one transaction, in which state, events, revocations and the audit trail commit together.
 * @throws what `work` throws, after rolling back; AuthError DATABASE_UNAVAILABLE as `Database.transaction`.
 */
export type Write = <T>(
  origin: Origin,
  work: (trx: Transaction<Schema>, announce: Announce, revoke: Revoke, record: RecordAudit) => Promise<T>,
) => Promise<T>

/** What {@link makeWrite} needs. */
export interface WriteOptions {
  readonly database: Pick<Database, 'transaction'>
  readonly encoding: EventEncoding
  /** Makes the id of an event: a UUIDv7. */
  readonly newId: () => string
  /** How long revocations are kept, see `insertRevocations`. */
  readonly coverMs: number
  /** Called after a commit that announced something: wakes the relay. Must not throw. */
  readonly onCommitted: () => void
  /** Called after a commit that revoked something: wakes the lane of revocations. Must not throw. */
  readonly onRevoked: () => void
}

const nothing: RevocationMark = Object.freeze({ epoch: '', entries: Object.freeze([]) })

/** Makes the one way in which use-cases change state. */
export function makeWrite(options: WriteOptions): Write {
  const { coverMs, encoding, newId } = options
  return async (origin, work) => {
    let announced = false
    let revoked = false
    const result = await options.database.transaction((trx) => {
      const { traceparent } = origin
      const announce: Announce = async (...events) => {
        const [first] = events
        if (first === undefined) return
        if (isAlone(events)) await appendEvent(trx, first, { encoding, id: newId(), traceparent })
        else await appendUserEvents(trx, events, { encoding, ids: events.map(newId), traceparent })
        announced = true
      }
      const revoke: Revoke = async (...entries) => {
        if (entries.length === 0) return nothing
        revoked = true
        return await insertRevocations(trx, entries, { newId, coverMs })
      }
      const record: RecordAudit = (actor, ...entries) =>
        appendAudit(
          trx,
          entries.map((entry) => ({ id: newId(), actor, entry })),
        )
      return work(trx, announce, revoke, record)
    })
    if (revoked) options.onRevoked()
    if (announced) options.onCommitted()
    return result
  }
}

function isAlone(events: readonly [AuthEvent] | readonly UserEvent[]): events is readonly [AuthEvent] {
  return events.length === 1
}
