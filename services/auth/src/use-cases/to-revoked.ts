import type { SessionId, UserId } from '../domain/ids.ts'
import type { NewRevocation, RevocationReason } from '../domain/revocation.ts'

/** The entry that ends a user's access tokens with a version below the one the user has now. */
export function toRevokedUser(
  user: { readonly id: UserId; readonly tokenVersion: number },
  reason: RevocationReason,
): NewRevocation {
  return { type: 'USER', subject: user.id, minTokenVersion: user.tokenVersion, reason }
}

/** The entry that ends a session's access tokens. */
export function toRevokedSession(subject: SessionId, reason: RevocationReason): NewRevocation {
  return { type: 'SESSION', subject, reason }
}
