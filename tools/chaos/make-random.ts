/** Random numbers that a seed determines. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number
  /** One of them. Throws RangeError where there is none. */
  pick<T>(from: readonly T[]): T
}

/** Makes the generator mulberry32 of a seed: the same seed gives the same numbers on every machine. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    whole,
    pick: (from) => {
      if (from.length === 0) throw new RangeError('nothing to pick from')
      return from[whole(0, from.length - 1)] as (typeof from)[number]
    },
  }
}
