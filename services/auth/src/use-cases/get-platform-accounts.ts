import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { PlatformAccount } from '../domain/platform-account.ts'
import { listPlatformAccounts } from '../store/platform-accounts.ts'
import { findAccount } from '../store/users.ts'
import { requireUserId } from './require-user-id.ts'

/**
 * The accounts that a user has connected, first connected first, without tokens.
 * @throws AuthError NOT_SELF, INVALID_FIELD, USER_NOT_FOUND, DATABASE_UNAVAILABLE.
 */
export async function getPlatformAccounts(
  deps: Pick<Deps, 'database'>,
  caller: Caller,
  input: { readonly userId: string },
): Promise<PlatformAccount[]> {
  const userId = requireUserId(caller, input.userId, 'viewer')
  const { kysely } = deps.database
  if ((await findAccount(kysely, { by: 'id', value: userId })) === undefined) {
    throw new AuthError('USER_NOT_FOUND')
  }
  return await listPlatformAccounts(kysely, userId)
}
