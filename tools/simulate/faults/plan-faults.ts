import type { Random } from '../time/make-random.ts'
import type { World } from '../world/world.ts'
import { databaseFaults } from './database-faults.ts'
import type { Fault } from './fault.ts'
import { networkFaults } from './network-faults.ts'
import { processFaults } from './process-faults.ts'

/** Everything that can go wrong (protocols.md §2). */
export const faults: readonly Fault[] = [...processFaults, ...networkFaults, ...databaseFaults]

const faultsMax = 5

/** Lets up to five faults strike between two times; all are healed by the second. */
export function planFaults(world: World, random: Random, fromMs: number, untilMs: number): void {
  const count = random.below(faultsMax + 1)
  for (let n = 0; n < count; n++) {
    const fault = random.findOne(faults)
    const atMs = random.between(fromMs, untilMs - 200)
    const longestMs = random.chance(0.4) ? 4000 : 900
    const lastsMs = Math.min(random.between(60, longestMs), untilMs - atMs)
    if (fault === undefined) continue
    world.time.at(atMs, () => {
      world.history.note(() => `FAULT for ${lastsMs.toFixed(0)} ms: ${fault.name}`)
      fault.strike(world, lastsMs, random)
    })
  }
}
