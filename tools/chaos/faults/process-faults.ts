import { findLeader } from '../world/find-leader.ts'
import type { ChaosProcess } from '../world/open-process.ts'
import type { World } from '../world/world.ts'
import type { FaultKind } from './fault.ts'

const processes = ({ replicas, verifiers }: World) =>
  [...replicas, ...verifiers].map(({ process }) => process)

const names = (world: World) => processes(world).map(({ name }) => name)

function getProcess(world: World, name: string): ChaosProcess {
  const found = processes(world).find((one) => one.name === name)
  if (found === undefined) throw new RangeError(`there is no process ${name}`)
  return found
}

const kill: FaultKind = {
  name: 'kill -9',
  weight: 3,
  targets: names,
  async begin(target, { world }) {
    const process = getProcess(world, target)
    await process.down()
    return () => process.up()
  },
}

const pause: FaultKind = {
  name: 'pause',
  weight: 3,
  targets: names,
  async begin(target, { world }) {
    const process = getProcess(world, target)
    process.pause()
    return () => process.resume()
  },
}

/** The one whose lock on the lane of revocations another takes over meanwhile: it wakes and believes that it leads. */
const pauseLeader: FaultKind = {
  name: 'pause the leader past its lock',
  lastsMs: [2_500, 6_000],
  targets: ({ replicas }) => replicas.map(({ name }) => name),
  async begin(target, { world }) {
    const leader = await findLeader(world, 'auth_revocation_lane_leader')
    // One that is down or paused already does not say that it leads.
    const process = getProcess(world, leader ?? target)
    process.pause()
    return () => process.resume()
  },
}

/** Faults of single processes. */
export const processFaults: readonly FaultKind[] = Object.freeze([kill, pause, pauseLeader])
