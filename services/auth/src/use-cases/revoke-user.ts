import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import { endUserSessions } from '../store/sessions.ts'
import { lockAccount, raiseTokenVersion } from '../store/users.ts'
import { toAuditedUser } from './audited.ts'
import { requireUserId } from './require-user-id.ts'
import { toRevokedUser } from './to-revoked.ts'

/**
 * Refuses all access tokens of a user that are out and ends all sessions; the user may log in again.
 * @throws AuthError NOT_SELF, INVALID_FIELD, USER_NOT_FOUND, DATABASE_UNAVAILABLE.
 */
export async function revokeUser(
  deps: Pick<Deps, 'write'>,
  caller: Caller,
  input: { readonly userId: string },
): Promise<RevocationMark> {
  const userId = requireUserId(caller, input.userId)
  return await deps.write(caller.origin, async (trx, _announce, revoke, record) => {
    if ((await lockAccount(trx, userId, 'update')) === undefined) throw new AuthError('USER_NOT_FOUND')
    const tokenVersion = await raiseTokenVersion(trx, userId)
    await endUserSessions(trx, userId)
    await record(caller, { action: 'user.revoke', ...toAuditedUser(userId) })
    return await revoke(toRevokedUser({ id: userId, tokenVersion }, 'OPERATOR'))
  })
}
