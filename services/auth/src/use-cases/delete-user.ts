import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import { endUserSessions, eraseUserSessions } from '../store/sessions.ts'
import { eraseUser, lockAccount } from '../store/users.ts'
import { toAuditedUser } from './audited.ts'
import { forgetFailures } from './forget-failures.ts'
import { forgetPlatformAccounts } from './forget-platform-accounts.ts'
import { requireBelow } from './require-below.ts'
import { requireUserId } from './require-user-id.ts'
import { toRevokedUser } from './to-revoked.ts'

/**
 * Deletes a user: personal data is erased, all sessions end, and what platforms have granted is given back to them.
 * @throws AuthError NOT_SELF, INVALID_FIELD, USER_NOT_FOUND (also when it was deleted before), DATABASE_UNAVAILABLE.
 */
export async function deleteUser(
  deps: Pick<Deps, 'newId' | 'onPlatformRevocation' | 'platforms' | 'write' | 'throttle' | 'log'>,
  caller: Caller,
  input: { readonly userId: string },
): Promise<RevocationMark> {
  const userId = requireUserId(caller, input.userId, 'operator')
  const deleted = await deps.write(caller.origin, async (trx, announce, revoke, record) => {
    const account = await lockAccount(trx, userId, 'update')
    if (account === undefined) throw new AuthError('USER_NOT_FOUND')
    requireBelow(caller, account)
    const { version, tokenVersion } = await eraseUser(trx, userId)
    await endUserSessions(trx, userId)
    await eraseUserSessions(trx, userId)
    await forgetPlatformAccounts(deps, { trx, announce }, { id: userId, version })
    await Promise.all([
      announce({ name: 'user_deleted', userId, data: { userId, userVersion: BigInt(version) } }),
      record(caller, { action: 'user.delete', ...toAuditedUser(userId) }),
    ])
    return { account, mark: await revoke(toRevokedUser({ id: userId, tokenVersion }, 'USER_DELETED')) }
  })
  deps.onPlatformRevocation()
  await forgetFailures(deps, deleted.account)
  return deleted.mark
}
