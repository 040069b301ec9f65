import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { LiveSession } from '../domain/session.ts'
import { listLiveSessions } from '../store/sessions.ts'
import { findAccount } from '../store/users.ts'
import { requireUserId } from './require-user-id.ts'

const sessionsMax = 1000

/**
 * The sessions of a user whose refresh tokens work, last used first.
 * @throws AuthError NOT_SELF, INVALID_FIELD, USER_NOT_FOUND, DATABASE_UNAVAILABLE.
 */
export async function listSessions(
  deps: Pick<Deps, 'database'>,
  caller: Caller,
  input: { readonly userId: string },
): Promise<LiveSession[]> {
  const userId = requireUserId(caller, input.userId, 'viewer')
  const { kysely } = deps.database
  if ((await findAccount(kysely, { by: 'id', value: userId })) === undefined) {
    throw new AuthError('USER_NOT_FOUND')
  }
  return await listLiveSessions(kysely, userId, sessionsMax)
}
