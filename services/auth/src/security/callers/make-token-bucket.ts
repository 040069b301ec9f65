import type { CallerLimit } from '../../domain/caller-policy.ts'

/** Lets `burst` calls pass at once and `perSecond` in the long run. */
export interface TokenBucket {
  /**
   * Takes `cost` calls where there are as many, or where the bucket is full: 0 then, else how long to wait for them, in ms, and nothing
   * is taken. `nowMs` is monotonic.
   */
  take(cost: number, nowMs: number): number
}

/** Makes a full bucket. */
export function makeTokenBucket({ perSecond, burst }: CallerLimit, startMs: number): TokenBucket {
  let level = burst
  let atMs = startMs
  return {
    take: (cost, nowMs) => {
      level = Math.min(burst, level + (Math.max(0, nowMs - atMs) / 1000) * perSecond)
      atMs = nowMs
      // More than fits is let through by a full bucket, and paid back afterwards: else it would wait for ever.
      const needed = Math.min(cost, burst)
      if (level >= needed) {
        level -= cost
        return 0
      }
      return Math.ceil(((needed - level) / perSecond) * 1000)
    },
  }
}
