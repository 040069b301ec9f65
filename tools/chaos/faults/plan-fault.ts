import type { Random } from '../make-random.ts'
import type { World } from '../world/world.ts'
import { clockFaults } from './clock-faults.ts'
import { databaseFaults } from './database-faults.ts'
import type { FaultKind } from './fault.ts'
import { kafkaFaults } from './kafka-faults.ts'
import { linkFaults } from './link-faults.ts'
import { processFaults } from './process-faults.ts'

/** A fault that is to happen. */
export interface PlannedFault {
  readonly kind: FaultKind
  readonly target: string
  readonly lastsMs: number
  /** How long after its beginning the next one begins. */
  readonly nextAfterMs: number
}

/** What can go wrong where a run does not say otherwise. */
const allKinds: readonly FaultKind[] = [
  ...processFaults,
  ...linkFaults,
  ...databaseFaults,
  ...kafkaFaults,
  ...clockFaults,
]

/** Picks the next fault of a kind and a target that is not in `busy`. `only`: parts of `kind target`, with commas between.
 * `kinds`: all by default. */
export function planFault(
  world: World,
  random: Random,
  busy: ReadonlySet<string>,
  only = '',
  kinds = allKinds,
): PlannedFault | undefined {
  const wanted = only.split(',')
  const isWanted = (text: string) => wanted.some((part) => text.includes(part))
  const possible = kinds.flatMap((kind) => {
    const all = kind.targets(world).filter((target) => isWanted(`${kind.name} ${target}`))
    return all.length === 0 ? [] : Array.from({ length: kind.weight ?? 1 }, () => ({ kind, all }))
  })
  // Drawn before it is known what is free, so that a seed's numbers depend on the time it takes as little as they can.
  const { kind, all } = random.pick(possible)
  const target = random.pick(all)
  const [shortestMs, longestMs] = kind.lastsMs ?? [1_000, 6_000]
  const planned = {
    kind,
    target,
    lastsMs: random.whole(shortestMs, longestMs),
    nextAfterMs: random.whole(500, 5_500),
  }
  return busy.has(target) ? undefined : planned
}
