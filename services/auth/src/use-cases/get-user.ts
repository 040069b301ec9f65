import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import type { User } from '../domain/user.ts'
import { findAccount, type UserLookup } from '../store/users.ts'
import { requireUserId } from './require-user-id.ts'

/** Who is asked for; exactly one. */
export type GetUserInput = {
  readonly by: 'id' | 'username' | 'email' | undefined
  readonly value: string
  /** 0: any. */
  readonly minVersion: number
}

/**
 * Reads one user from the primary.
 * @throws AuthError USER_NOT_FOUND, VERSION_NOT_REACHED, INVALID_FIELD, NOT_SELF.
 */
export async function getUser(
  deps: Pick<Deps, 'database'>,
  caller: Caller,
  input: GetUserInput,
): Promise<User> {
  const account = await findAccount(deps.database.kysely, toLookup(caller, input))
  if (account === undefined) throw new AuthError('USER_NOT_FOUND')
  if (account.version < input.minVersion) {
    throw new AuthError('VERSION_NOT_REACHED', { metadata: { version: String(account.version) } })
  }
  return account
}

function toLookup(caller: Caller, input: GetUserInput): UserLookup {
  const { by, value, minVersion } = input
  const userId = by === 'id' || caller.kind !== 'service' ? requireUserId(caller, value, 'viewer') : undefined
  if (minVersion < 0) throw invalidField('min_version', 'must not be negative')
  if (userId !== undefined) return { by: 'id', value: userId }
  if (by === undefined || by === 'id')
    throw invalidField('user_id', 'one of user_id, username, email is needed')
  if (value === '' || value.length > bounds.identifierMax) {
    throw invalidField(by, `must have 1 to ${bounds.identifierMax} characters`)
  }
  return { by, value }
}
