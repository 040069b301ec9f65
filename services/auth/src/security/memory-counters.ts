import type { Clock } from '../domain/clock.ts'
import type { CounterState, Counters, Taken, TakenCount, WantedCount } from '../domain/counter.ts'

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
  const raise = ({ key, windowMs, amount = 1 }: WantedCount): TakenCount => {
    const window = find(key) ?? { count: 0, endsMs: now().getTime() + windowMs }
    window.count += amount
    windows.set(key, window)
    const [oldest] = windows.keys()
    if (windows.size > countersMax && oldest !== undefined) windows.delete(oldest)
    const remainingMs = window.endsMs - now().getTime()
    return { key, count: window.count, amount, windowEndsAt: new Date(window.endsMs), remainingMs }
  }
  const list = (keys: readonly string[]) =>
    keys.flatMap((key): CounterState[] => {
      const window = find(key)
      return window ? [{ key, count: window.count, remainingMs: window.endsMs - now().getTime() }] : []
    })
  return {
    take: async (wanted): Promise<Taken> => {
      const full = wanted.flatMap(({ key, limit, amount = 1 }) =>
        list([key]).filter(({ count }) => count > limit - amount),
      )
      if (full.length === 0) {
        return { isAllowed: true, taken: wanted.map(raise) }
      }
      return { isAllowed: false, full }
    },
    giveBack: async (taken) => {
      for (const { key, amount = 1, windowEndsAt } of taken) {
        const window = find(key)
        if (window?.endsMs === windowEndsAt.getTime()) window.count = Math.max(0, window.count - amount)
      }
    },
    clear: async (keys) => {
      for (const key of keys) windows.delete(key)
    },
    list: async (keys) => list(keys),
  }
}
