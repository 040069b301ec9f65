import type { Random } from '../time/make-random.ts'
import type { SimulatedProcess } from '../world/simulated-process.ts'
import type { Slot, World } from '../world/world.ts'
import type { Fault } from './fault.ts'

/** Processes that stop, are killed, or whose clocks are wrong. */
export const processFaults: readonly Fault[] = [
  {
    name: 'an instance is stopped (SIGSTOP)',
    strike: (world, lastsMs, random) => pauseInstance(world, random.findOne(world.slots), lastsMs),
  },
  {
    name: 'the leader of the lane is stopped and wakes late',
    strike: (world, lastsMs, random) => {
      const leader = world.slots.find(({ auth }) => auth?.lane.status().leader) ?? random.findOne(world.slots)
      pauseInstance(world, leader, Math.max(lastsMs, 1800))
    },
  },
  {
    name: 'an instance is killed and started anew',
    strike: (world, lastsMs, random) => killInstance(world, random.findOne(world.slots), lastsMs),
  },
  {
    name: 'a verifying process is stopped (SIGSTOP)',
    strike: (world, lastsMs, random) => pauseVerifier(world, random, lastsMs, false),
  },
  {
    name: 'a verifying machine is suspended',
    strike: (world, lastsMs, random) => pauseVerifier(world, random, lastsMs, true),
  },
  {
    name: 'a verifying machine is suspended, and cut off when it wakes',
    strike: (world, lastsMs, random) => {
      const verifier = random.findOne(world.verifiers)
      if (verifier === undefined) return
      cutOff(world, verifier.process.name, lastsMs)
      const pausedMs = lastsMs * random.between(0.5, 0.95)
      pause(world, verifier.process, pausedMs, mayHave(verifier.process, 'STOOD_STILL'))
    },
  },
  {
    name: 'a verifying process is cut off, and its wall clock is set back meanwhile',
    strike: (world, lastsMs, random) => {
      const verifier = random.findOne(world.verifiers)
      if (verifier === undefined) return
      cutOff(world, verifier.process.name, lastsMs)
      world.time.after(lastsMs * random.between(0.2, 0.9), () => {
        const backMs = Math.round(random.between(0, lastsMs))
        if (mayHave(verifier.process, 'WALL_STEPPED')) verifier.process.wallSkewMs -= backMs
      })
    },
  },
  {
    name: 'a wall clock steps',
    strike: (world, _lastsMs, random) => {
      const processes = [...world.verifiers, ...world.slots].map(({ process }) => process)
      const process = random.findOne(processes)
      const stepMs = Math.round(random.between(-10_000, 10_000))
      if (process !== undefined && mayHave(process, 'WALL_STEPPED')) process.wallSkewMs += stepMs
    },
  },
]

/** Whether a fault of the clocks may happen to a process, and from then on no other kind. */
function mayHave(process: SimulatedProcess, fault: NonNullable<SimulatedProcess['clockFault']>): boolean {
  process.clockFault ??= fault
  return process.clockFault === fault
}

function pauseInstance(world: World, slot: Slot | undefined, lastsMs: number): void {
  if (slot === undefined || slot.process.isDead) return
  world.model.pause(slot.process.name, lastsMs)
  pause(world, slot.process, lastsMs, false)
}

function killInstance(world: World, slot: Slot | undefined, lastsMs: number): void {
  if (slot === undefined || slot.process.isDead) return
  world.model.kill(slot.process.name)
  slot.process.kill()
  world.time.after(Math.min(lastsMs, 1500), () => world.restart(slot))
}

function pauseVerifier(world: World, random: Random, lastsMs: number, standsStill: boolean): void {
  const verifier = random.findOne(world.verifiers)
  if (verifier === undefined) return
  pause(world, verifier.process, lastsMs, standsStill && mayHave(verifier.process, 'STOOD_STILL'))
}

/** Its streams hang: nobody is told. */
function cutOff(world: World, name: string, lastsMs: number): void {
  const links = world.slots.map((slot) => world.network.between(name, slot.process.name))
  for (const link of links) link.state = 'HOLDS'
  world.time.after(lastsMs, () => {
    for (const link of links) link.state = 'WORKS'
  })
}

function pause(world: World, process: SimulatedProcess, lastsMs: number, standsStill: boolean): void {
  process.pause(standsStill)
  world.time.after(lastsMs, () => process.resume())
}
