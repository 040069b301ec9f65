import type { ConnectionRate } from './transport-limits.ts'

/** Connections that have begun, by address. */
export interface Arrivals {
  /** Takes one; says whether the address had one left. What is refused is not counted. */
  take(key: string, nowMs: number): boolean
}

/**
 * Makes the count: so many for each address in a window, and all begin anew with the next. Windows are the same for all, so that nothing is
 * kept of an address beyond the one in which it came; over the border of two an address gets twice as many at most.
 */
export function makeArrivals({ count, windowMs }: ConnectionRate): Arrivals {
  const begun = new Map<string, number>()
  let window = Number.NaN
  return {
    take(key, nowMs) {
      const now = Math.floor(nowMs / windowMs)
      if (now !== window) begun.clear()
      window = now
      const before = begun.get(key) ?? 0
      if (before >= count) return false
      begun.set(key, before + 1)
      return true
    },
  }
}
