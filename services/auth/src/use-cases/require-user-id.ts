import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findUserId, type UserId } from '../domain/ids.ts'
import { mayActFor, type Others } from '../domain/may-act-for.ts'

/**
 * The user id of a request, for a caller who may act for that user: a service for anyone, a person for themselves, and for others with a
 * role that `others` names.
 * @throws AuthError NOT_SELF, MISSING_ACCESS_TOKEN or INVALID_FIELD `user_id`.
 */
export function requireUserId(caller: Caller, text: string, others: Others = 'nobody'): UserId {
  const userId = findUserId(text)
  if (caller.kind === 'anonymous') throw new AuthError('MISSING_ACCESS_TOKEN')
  if (caller.kind === 'user' && caller.userId !== userId && !mayActFor(caller, others)) {
    throw new AuthError('NOT_SELF')
  }
  if (userId === undefined) throw invalidField('user_id', 'must be a UUID')
  return userId
}
