import type { World } from '../world/world.ts'
import type { FaultKind } from './fault.ts'

const parts = ({ replicas, verifiers }: World) =>
  [...replicas, ...verifiers].filter(
    ({ clock }) => clock !== undefined && clock.environment.DONT_FAKE_MONOTONIC === '1',
  )

/** A wall clock is wrong by up to ten seconds; it steps when that begins and when it ends. */
const step: FaultKind = {
  name: 'clock step',
  weight: 4,
  targets: (world) => parts(world).map(({ process }) => `${process.name}'s clock`),
  async begin(target, { world, random }) {
    const part = parts(world).find(({ process }) => target === `${process.name}'s clock`)
    await part?.clock?.setOffset(random.pick([-10, -3, -1, 1, 3, 10]))
    return () => part?.clock?.setOffset(0)
  },
}

/** Faults of clocks; none where libfaketime is not installed. */
export const clockFaults: readonly FaultKind[] = Object.freeze([step])
