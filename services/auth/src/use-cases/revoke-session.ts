import { LogoutReason } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findSessionId } from '../domain/ids.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import { endSession, lockSession } from '../store/sessions.ts'
import { lockAccount } from '../store/users.ts'
import { toAuditedSession } from './audited.ts'
import { requireBelow } from './require-below.ts'
import { requireUserId } from './require-user-id.ts'
import { toRevokedSession } from './to-revoked.ts'

/**
 * Ends one of a user's sessions. Ending what has ended is no error.
 * @throws AuthError NOT_SELF, INVALID_FIELD, USER_NOT_FOUND, SESSION_NOT_FOUND, DATABASE_UNAVAILABLE.
 */
export async function revokeSession(
  deps: Pick<Deps, 'write'>,
  caller: Caller,
  input: { readonly userId: string; readonly sessionId: string },
): Promise<RevocationMark> {
  const userId = requireUserId(caller, input.userId, 'operator')
  const sessionId = findSessionId(input.sessionId)
  if (sessionId === undefined) throw invalidField('session_id', 'must be a UUID')
  return await deps.write(caller.origin, async (trx, announce, revoke, record) => {
    const account = await lockAccount(trx, userId, 'update')
    if (account === undefined) throw new AuthError('USER_NOT_FOUND')
    requireBelow(caller, account)
    const locked = await lockSession(trx, sessionId)
    if (locked?.session.userId !== userId) throw new AuthError('SESSION_NOT_FOUND')
    if (!(await endSession(trx, sessionId))) return await revoke()
    const userVersion = BigInt(account.version)
    const reason = LogoutReason.SESSION_REVOKED
    await Promise.all([
      announce({ name: 'logged_out', userId, data: { userId, userVersion, sessionId, reason } }),
      record(caller, { action: 'session.revoke', ...toAuditedSession(sessionId, userId) }),
    ])
    return await revoke(toRevokedSession(sessionId, 'SESSION_REVOKED'))
  })
}
