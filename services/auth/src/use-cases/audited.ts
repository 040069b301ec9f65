import type { AuditEntry } from '../domain/audit.ts'
import type { SessionId, UserId } from '../domain/ids.ts'

type Audited = Pick<AuditEntry, 'target' | 'userId'>

/** A user as what an entry of the audit trail is about. */
export function toAuditedUser(userId: UserId): Audited {
  return { target: { kind: 'user', id: userId }, userId }
}

/** A user's session as what an entry of the audit trail is about. */
export function toAuditedSession(sessionId: SessionId, userId: UserId): Audited {
  return { target: { kind: 'session', id: sessionId }, userId }
}
