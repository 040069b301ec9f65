import type { Violation } from '../verdicts/judge-probe.ts'
import type { World } from './world.ts'

/** The processes that ended by themselves after they had served: no fault around them excuses that. */
export function findCrashes({ replicas, verifiers }: Pick<World, 'replicas' | 'verifiers'>): Violation[] {
  return [...replicas, ...verifiers]
    .filter(({ process }) => process.crashes > 0)
    .map(({ process: { name, crashes } }) => ({
      property: 'recovery',
      told: `${name} ended by itself ${crashes} times while it served`,
    }))
}
