/** A seeded source of chance: the same seed gives the same course of events. */
export interface Random {
  /** A number in [0, 1). Needs no `this`. */
  readonly next: () => number
  /** A whole number from 0 to below `count`. */
  below(count: number): number
  /** A number from `least` to below `most`. */
  between(least: number, most: number): number
  /** True so often. */
  chance(probability: number): boolean
  /** One of the items; undefined where there is none. */
  findOne<T>(items: readonly T[]): T | undefined
  /** One of the items, of which there is at least one. */
  chooseOne<T>(items: readonly [T, ...T[]]): T
  /** Another source, whose numbers do not depend on how many are taken from this one. */
  fork(): Random
}

/** Makes a source of chance (mulberry32); seeds that are close give sequences that are not. */
export function makeRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(next() * count)
  return {
    next,
    below,
    between: (least, most) => least + next() * (most - least),
    chance: (probability) => next() < probability,
    findOne: (items) => items[below(items.length)],
    chooseOne: (items) => items[below(items.length)] ?? items[0],
    fork: () => makeRandom(below(2 ** 32)),
  }
}
