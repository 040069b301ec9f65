import { PlatformDisconnectReason } from '@immersiverse/auth-contract'
import type { Transaction } from 'kysely'
import type { Deps } from '../deps.ts'
import type { UserId } from '../domain/ids.ts'
import { deleteUserPlatformAccounts } from '../store/platform-accounts.ts'
import { deleteUserConnections } from '../store/platform-connections.ts'
import { insertPlatformRevocations } from '../store/platform-revocations.ts'
import type { Schema } from '../store/schema.ts'
import type { Announce } from '../store/write.ts'
import { toRevocations } from './to-revocations.ts'

/** Erases all accounts of a locked user who is being deleted, announces each, and notes their grants to be revoked at the platforms. */
export async function forgetPlatformAccounts(
  deps: Pick<Deps, 'newId' | 'platforms'>,
  { trx, announce }: { readonly trx: Transaction<Schema>; readonly announce: Announce },
  user: { readonly id: UserId; readonly version: number },
): Promise<void> {
  await deleteUserConnections(trx, user.id)
  const accounts = await deleteUserPlatformAccounts(trx, user.id)
  await insertPlatformRevocations(
    trx,
    accounts.flatMap((account) => toRevocations(deps, account)),
  )
  for (const account of accounts) {
    await announce({
      name: 'platform_disconnected',
      userId: user.id,
      data: {
        userId: user.id,
        userVersion: BigInt(user.version),
        platform: account.platform,
        platformAccountId: account.id,
        reason: PlatformDisconnectReason.USER_DELETED,
      },
    })
  }
}
