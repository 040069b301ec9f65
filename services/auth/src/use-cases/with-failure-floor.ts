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
      await clock.sleep(floors * floorMs - tookMs)
    }
    throw error
  }
}
