import type { Deps } from '../deps.ts'
import type { User } from '../domain/user.ts'
import { toUserCounts } from './to-counted.ts'

/**
 * Forgets the failures that are counted of a user: the password they were about is another one, or the user is gone. What was to be done is
 * done by then, so that failing here is only logged.
 */
export async function forgetFailures(
  { throttle, log }: Pick<Deps, 'throttle' | 'log'>,
  user: Pick<User, 'id' | 'username' | 'email'>,
): Promise<void> {
  try {
    await throttle.clear(toUserCounts(user))
  } catch (err) {
    log.warn({ err, userId: user.id }, 'failures stay counted')
  }
}
