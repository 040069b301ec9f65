import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { LimitState } from '../domain/limit.ts'
import type { User } from '../domain/user.ts'
import { requireService } from './require-service.ts'
import { toUserCounts } from './to-counted.ts'

/** What is counted of a user's names and of their password changes. @throws AuthError NOT_SELF, DATABASE_UNAVAILABLE. */
export async function listFailures(
  { throttle }: Pick<Deps, 'throttle'>,
  caller: Caller,
  user: Pick<User, 'id' | 'username' | 'email'>,
): Promise<LimitState[]> {
  requireService(caller)
  return await throttle.list(toUserCounts(user))
}
