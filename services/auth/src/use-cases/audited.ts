import type { AuditEntry } from '../domain/audit.ts'
import type { SessionId, UserId } from '../domain/ids.ts'
import type { PlatformAccountId } from '../domain/platform-account.ts'

type Audited = Pick<AuditEntry, 'target' | 'userId'>

/** A user as what an entry of the audit trail is about. */
export function toAuditedUser(userId: UserId): Audited {
  return { target: { kind: 'user', id: userId }, userId }
}

/** A user's session as what an entry of the audit trail is about. */
export function toAuditedSession(sessionId: SessionId, userId: UserId): Audited {
  return { target: { kind: 'session', id: sessionId }, userId }
}

/** A user's account at a platform as what an entry of the audit trail is about. */
export function toAuditedPlatformAccount(id: PlatformAccountId, userId: UserId): Audited {
  return { target: { kind: 'platform_account', id }, userId }
}
