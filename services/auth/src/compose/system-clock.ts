import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../domain/clock.ts'

/** The clock of this machine. */
export const systemClock: Clock = Object.freeze({
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: async (ms: number, signal?: AbortSignal) => {
    if (ms > 0) await wait(ms, undefined, signal ? { signal } : {}).catch(() => undefined)
  },
})
