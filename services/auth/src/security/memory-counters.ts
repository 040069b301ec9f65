import type { Clock } from '../domain/clock.ts'
import type { CounterState, Counters, Taken, TakenCount } from '../domain/counter.ts'

const countersMax = 100_000

interface Window {
  count: number
  readonly endsMs: number
}

/** Makes counters of this instance alone, for the time in which the shared ones do not answer; the oldest make room for new ones. */
export function makeMemoryCounters({ now }: Pick<Clock, 'now'>): Counters {
  const windows = new Map<string, Window>()
  const find = (key: string) => {
    const window = windows.get(key)
    if (window === undefined || window.endsMs > now().getTime()) return window
    windows.delete(key)
    return undefined
  }
  const raise = (key: string, windowMs: number): TakenCount => {
    const window = find(key) ?? { count: 0, endsMs: now().getTime() + windowMs }
    window.count += 1
    windows.set(key, window)
    const [oldest] = windows.keys()
    if (windows.size > countersMax && oldest !== undefined) windows.delete(oldest)
    return { key, count: window.count, windowEndsAt: new Date(window.endsMs) }
  }
  const list = (keys: readonly string[]) =>
    keys.flatMap((key): CounterState[] => {
      const window = find(key)
      return window ? [{ key, count: window.count, remainingMs: window.endsMs - now().getTime() }] : []
    })
  return {
    take: async (wanted): Promise<Taken> => {
      const full = wanted.flatMap(({ key, limit }) => list([key]).filter(({ count }) => count >= limit))
      if (full.length === 0) {
        return { isAllowed: true, taken: wanted.map(({ key, windowMs }) => raise(key, windowMs)) }
      }
      return { isAllowed: false, full }
    },
    giveBack: async (taken) => {
      for (const { key, windowEndsAt } of taken) {
        const window = find(key)
        if (window?.endsMs === windowEndsAt.getTime()) window.count = Math.max(0, window.count - 1)
      }
    },
    clear: async (keys) => {
      for (const key of keys) windows.delete(key)
    },
    list: async (keys) => list(keys),
  }
}
