import type { Cast } from '../actors/act.ts'

/** How long after the last fault everything works again at the latest: the longest wait between attempts, and a silent stream before it. */
export const recoversWithinMs = 16_000

const lookEveryMs = 250

/**
 * Lets time pass until every verifying process has a FRESH view and somebody has logged in; a violation where that takes too long: a
 * system that refuses everything would keep all other properties.
 */
export async function awaitRecovery({ holders, world }: Cast): Promise<void> {
  const { history, time, variant, verifiers } = world
  const untilMs = time.nowMs + (variant.recoversWithinMs ?? recoversWithinMs)
  const isFresh = () => verifiers.every(({ follower }) => follower.readFreshness().state === 'FRESH')
  let hasLoggedIn = false
  const [someone] = holders.filter(({ user }) => !user.operations.some(({ kind }) => kind === 'delete'))
  const logIn = async () => {
    try {
      if (someone !== undefined) await someone.logIn()
      hasLoggedIn = true
    } catch (error) {
      const { reason } = error as { reason?: unknown }
      // Suspended, or by a password that a call without an answer has changed: an answer all the same.
      hasLoggedIn = reason === 'USER_SUSPENDED' || reason === 'INVALID_CREDENTIALS'
      if (!hasLoggedIn) time.after(100, () => void logIn())
    }
  }
  void logIn()
  const isOver = () => history.violations.length > 0
  while (!isOver() && time.nowMs < untilMs) {
    await time.run(time.nowMs + lookEveryMs, isOver)
    if (hasLoggedIn && isFresh()) return
  }
  if (isOver() || variant.neverRecovers) return
  const states = verifiers.map(({ follower }) => JSON.stringify(follower.status()))
  history.violate('LIVE', `not recovered: logged in ${hasLoggedIn}, views ${states.join(', ')}`)
}
