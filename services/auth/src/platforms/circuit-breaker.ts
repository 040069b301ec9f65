import type { Clock } from '../domain/clock.ts'
import { PlatformError } from './platform-error.ts'

/** Lets calls to one platform pass, or not. */
export interface CircuitBreaker {
  /** Runs the call, unless too many in a row have failed. Throws PlatformError UNAVAILABLE with `retryAfterMs` instead of calling. */
  run<T>(call: () => Promise<T>): Promise<T>
  readonly isOpen: boolean
}

/** After so many failures in a row it opens. */
const failuresMax = 5
const firstPauseMs = 5_000
const longestPauseMs = 120_000

/** Makes one. When a pause is over a single call tries; others are turned away until it has found out. */
export function makeCircuitBreaker(clock: Pick<Clock, 'monotonicMs'>, random: () => number): CircuitBreaker {
  let failures = 0
  let openUntilMs = 0
  let pauseMs = firstPauseMs
  let isTrying = false

  const onFailure = (isTrial: boolean) => {
    failures += 1
    // Calls that were on their way when it opened tell nothing new: a burst makes no longer pause than five in a row.
    if (failures < failuresMax || (failures > failuresMax && !isTrial)) return
    openUntilMs = clock.monotonicMs() + pauseMs * (0.75 + random() / 2)
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }
  const onSuccess = () => {
    failures = 0
    pauseMs = firstPauseMs
  }

  return {
    get isOpen() {
      return failures >= failuresMax && openUntilMs > clock.monotonicMs()
    },
    async run(call) {
      const isTrial = failures >= failuresMax
      const leftMs = openUntilMs - clock.monotonicMs()
      if (isTrial && (leftMs > 0 || isTrying)) {
        const retryAfterMs = Math.max(1000, leftMs)
        throw new PlatformError('UNAVAILABLE', 'it has failed too often', { retryAfterMs })
      }
      if (isTrial) isTrying = true
      try {
        const result = await call()
        onSuccess()
        return result
      } catch (error) {
        // A refusal is an answer, whatever somebody has sent: nobody can shut others out with bad codes.
        if (error instanceof PlatformError && error.fault !== 'UNAVAILABLE') onSuccess()
        else onFailure(isTrial)
        throw error
      } finally {
        if (isTrial) isTrying = false
      }
    },
  }
}
