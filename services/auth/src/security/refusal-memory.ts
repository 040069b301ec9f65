import type { Clock } from '../domain/clock.ts'
import type { FullCount } from '../domain/counter.ts'

/** Which counters are known to be full, on this instance: who comes again is refused without a question. */
export interface RefusalMemory {
  /** For as long as they stay full, or for `atMostMs`. */
  remember(full: readonly FullCount[], atMostMs?: number): void
  forget(keys: readonly string[]): void
  /** How long until the last of the counters has room again, or undefined where none is known to be full. */
  findRemainingMs(keys: readonly string[]): number | undefined
}

const entriesMax = 10_000

/** Makes the memory; the oldest entries make room for new ones. */
export function makeRefusalMemory({ monotonicMs }: Pick<Clock, 'monotonicMs'>): RefusalMemory {
  const known = new Map<string, { readonly endsMs: number; readonly forgottenMs: number }>()
  return {
    remember(full, atMostMs = Number.POSITIVE_INFINITY) {
      const nowMs = monotonicMs()
      for (const { key, remainingMs } of full) {
        known.delete(key)
        known.set(key, { endsMs: nowMs + remainingMs, forgottenMs: nowMs + Math.min(remainingMs, atMostMs) })
      }
      for (const key of known.keys()) {
        if (known.size <= entriesMax) break
        known.delete(key)
      }
    },
    forget(keys) {
      for (const key of keys) known.delete(key)
    },
    findRemainingMs(keys) {
      const nowMs = monotonicMs()
      const ends = keys.flatMap((key) => {
        const { endsMs, forgottenMs } = known.get(key) ?? { endsMs: 0, forgottenMs: 0 }
        return forgottenMs > nowMs ? [endsMs - nowMs] : []
      })
      return ends.length > 0 ? Math.max(...ends) : undefined
    },
  }
}
