import { setImmediate as nextTurn } from 'node:timers/promises'

/** Does the items from one to before another. */
export type BlockWork = (from: number, to: number) => void | Promise<void>

/** How much is done. */
export interface Turns {
  readonly items: number
  readonly block: number
  /** How often all items are done after a round that warms up. */
  readonly rounds: number
  /** Before each round, such as forgetting what was seen. */
  readonly begin?: () => void
}

/**
 * Does all items by each work, block by block in turns, and says how many a second each did in its median block: what else the machine
 * does meanwhile falls on all of them. Between blocks the process gets to its other work, such as heartbeats.
 */
export async function rateInTurns<Name extends string>(
  works: Readonly<Record<Name, BlockWork>>,
  { items, block, rounds, begin }: Turns,
): Promise<Record<Name, number>> {
  const named = Object.entries<BlockWork>(works)
  const taken = new Map<string, number[]>(named.map(([name]) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    begin?.()
    for (let from = 0; from + block <= items; from += block) {
      for (const [name, work] of named) {
        const startedAt = performance.now()
        await work(from, from + block)
        if (round > 0) taken.get(name)?.push(performance.now() - startedAt)
      }
      await nextTurn()
    }
  }
  const rates = named.map(([name]) => [name, (block * 1000) / toMedian(taken.get(name) ?? [])])
  return Object.fromEntries(rates) as Record<Name, number>
}

function toMedian(values: readonly number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1] ?? Number.NaN
}
