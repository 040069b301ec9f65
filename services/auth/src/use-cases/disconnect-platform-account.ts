import { PlatformDisconnectReason } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { isUuid } from '../domain/ids.ts'
import type { PlatformAccountId } from '../domain/platform-account.ts'
import { deletePlatformAccount } from '../store/platform-accounts.ts'
import { insertPlatformRevocations } from '../store/platform-revocations.ts'
import { lockAccount } from '../store/users.ts'
import { toAuditedPlatformAccount } from './audited.ts'
import { requireBelow } from './require-below.ts'
import { requireUserId } from './require-user-id.ts'
import { toRevocations } from './to-revocations.ts'

/**
 * Forgets an account of a user at once; its grant is revoked at the platform afterwards.
 * @throws AuthError NOT_SELF, INVALID_FIELD, PLATFORM_ACCOUNT_NOT_FOUND, DATABASE_UNAVAILABLE.
 */
export async function disconnectPlatformAccount(
  deps: Pick<Deps, 'newId' | 'onPlatformRevocation' | 'platforms' | 'write'>,
  caller: Caller,
  input: { readonly userId: string; readonly platformAccountId: string },
): Promise<void> {
  const userId = requireUserId(caller, input.userId, 'operator')
  const id = toPlatformAccountId(input.platformAccountId)
  await deps.write(caller.origin, async (trx, announce, _revoke, record) => {
    const user = await lockAccount(trx, userId, 'share')
    const account = user && (await deletePlatformAccount(trx, userId, id))
    if (user) requireBelow(caller, user)
    if (account === undefined) throw new AuthError('PLATFORM_ACCOUNT_NOT_FOUND')
    await insertPlatformRevocations(trx, toRevocations(deps, account))
    const announced = announce({
      name: 'platform_disconnected',
      userId,
      data: {
        userId,
        userVersion: BigInt(user?.version ?? 0),
        platform: account.platform,
        platformAccountId: id,
        reason: PlatformDisconnectReason.DISCONNECTED,
      },
    })
    const audited = toAuditedPlatformAccount(id, userId)
    await Promise.all([announced, record(caller, { action: 'platform.disconnect', ...audited })])
  })
  deps.onPlatformRevocation()
}

/** The id of a connected account. Throws AuthError INVALID_FIELD. */
export function toPlatformAccountId(text: string): PlatformAccountId {
  if (!isUuid(text)) throw invalidField('platform_account_id', 'must be a UUID')
  return text.toLowerCase() as PlatformAccountId
}
