import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findSessionId } from '../domain/ids.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import { findSessionOwner } from '../store/sessions.ts'
import { revokeSession } from './revoke-session.ts'

/**
 * Ends a session whoever's it is, see `revokeSession`.
 * @throws AuthError INVALID_FIELD, SESSION_NOT_FOUND, NOT_SELF, DATABASE_UNAVAILABLE.
 */
export async function revokeAnySession(
  deps: Pick<Deps, 'database' | 'write'>,
  caller: Caller,
  input: { readonly sessionId: string },
): Promise<RevocationMark> {
  const sessionId = findSessionId(input.sessionId)
  if (sessionId === undefined) throw invalidField('session_id', 'must be a UUID')
  const userId = await findSessionOwner(deps.database.kysely, sessionId)
  if (userId === undefined) throw new AuthError('SESSION_NOT_FOUND')
  return await revokeSession(deps, caller, { userId, sessionId })
}
