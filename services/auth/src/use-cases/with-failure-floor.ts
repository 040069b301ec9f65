import type { ErrorReasonName } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'

/**
 * Runs `work`; an AuthError with one of the reasons is thrown `floorMs` after the start, or a multiple of it where the work took longer, so
 * that how long a refusal took does not tell why it was given.
 */
export async function withFailureFloor<T>(
  clock: Deps['clock'],
  floorMs: number,
  reasons: ReadonlySet<ErrorReasonName>,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = clock.monotonicMs()
  try {
    return await work()
  } catch (error) {
    if (error instanceof AuthError && reasons.has(error.reason)) {
      const tookMs = clock.monotonicMs() - startMs
      const floors = floorMs > 0 ? Math.ceil(tookMs / floorMs) : 0
      await sleepUntil(clock, startMs + floors * floorMs)
    }
    throw error
  }
}

/** Below what clocks tell apart. */
const nothingMs = 0.01
/** The first ends less than two milliseconds too soon, and each of the others sleeps one at least. */
const sleepsMax = 3

/**
 * Timers count whole milliseconds and end up to one too soon, by a part that depends on how much is left: how long the work took could be told from
 * many answers. So whatever is left is slept again, and all end with the first whole millisecond after the instant.
 */
async function sleepUntil(clock: Deps['clock'], untilMs: number): Promise<void> {
  for (let times = 0; times < sleepsMax; times += 1) {
    const leftMs = untilMs - clock.monotonicMs()
    if (leftMs < nothingMs) return
    await clock.sleep(leftMs)
  }
}
