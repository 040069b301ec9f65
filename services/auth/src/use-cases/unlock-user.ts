import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { LimitState } from '../domain/limit.ts'
import type { User } from '../domain/user.ts'
import { listFailures } from './list-failures.ts'
import { toUserCounts } from './to-counted.ts'

/**
 * Lets a user log in again from anywhere: what was counted is forgotten. What is counted of addresses, of known devices and in all stays. Returns
 * how it stood.
 * @throws AuthError NOT_SELF, DATABASE_UNAVAILABLE.
 */
export async function unlockUser(
  deps: Pick<Deps, 'throttle'>,
  caller: Caller,
  user: Pick<User, 'id' | 'username' | 'email'>,
): Promise<LimitState[]> {
  const before = await listFailures(deps, caller, user)
  await deps.throttle.clear(toUserCounts(user))
  return before
}
