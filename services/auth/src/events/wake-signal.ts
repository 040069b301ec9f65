import type { Clock } from '../domain/clock.ts'

/** Remembers that there may be work, and lets one loop wait for it. */
export interface WakeSignal {
  /** Ends the wait, or the next one where nobody is waiting. */
  wake(): void
  /** Resolves with true once woken, with false after `ms` or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<boolean>
}

/** Makes a signal for one waiting loop. */
export function makeWakeSignal(clock: Clock): WakeSignal {
  let isWoken = false
  let interrupt: (() => void) | undefined
  return {
    wake() {
      isWoken = true
      interrupt?.()
    },
    async wait(ms, signal) {
      if (!isWoken && !signal.aborted) {
        const sleeping = new AbortController()
        interrupt = () => sleeping.abort()
        signal.addEventListener('abort', interrupt, { once: true })
        await clock.sleep(ms, sleeping.signal)
        signal.removeEventListener('abort', interrupt)
        interrupt = undefined
      }
      const woken = isWoken
      isWoken = false
      return woken
    },
  }
}
