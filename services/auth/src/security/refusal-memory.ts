import type { Clock } from '../domain/clock.ts'

/** Which counters are known to be full, on this instance: who comes again is refused without a question. */
export interface RefusalMemory {
  remember(keys: readonly string[], forMs: number): void
  /** How long one of the counters stays full, or undefined where none is known to be. */
  findRemainingMs(keys: readonly string[]): number | undefined
}

const entriesMax = 10_000

/** Makes the memory; the oldest entries make room for new ones. */
export function makeRefusalMemory({ monotonicMs }: Pick<Clock, 'monotonicMs'>): RefusalMemory {
  const untilMs = new Map<string, number>()
  return {
    remember(keys, forMs) {
      for (const key of keys) {
        untilMs.delete(key)
        untilMs.set(key, monotonicMs() + forMs)
      }
      for (const key of untilMs.keys()) {
        if (untilMs.size <= entriesMax) break
        untilMs.delete(key)
      }
    },
    findRemainingMs(keys) {
      for (const key of keys) {
        const remainingMs = (untilMs.get(key) ?? 0) - monotonicMs()
        if (remainingMs > 0) return remainingMs
      }
      return undefined
    },
  }
}
