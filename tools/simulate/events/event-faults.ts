import type { Random } from '../time/make-random.ts'
import type { LinkState } from '../world/link.ts'
import type { EventSlot, EventWorld } from './event-world.ts'

interface EventFault {
  readonly name: string
  /** Whether it is the only kind of fault in a world that is asked for O10. */
  readonly isRefusal?: boolean
  readonly strike: (world: EventWorld, lastsMs: number, random: Random) => void
}

const faultsMax = 5
/** Longer than a leader's lock lives without it. */
const longerThanLockMs = 1800

const faults: readonly EventFault[] = [
  {
    name: 'an instance is stopped (SIGSTOP)',
    strike: (world, lastsMs, random) => pause(world, random.findOne(world.slots), lastsMs),
  },
  {
    name: 'the leader is stopped for longer than its lock, and wakes',
    strike: (world, lastsMs) => pause(world, world.findLeader(), Math.max(lastsMs, longerThanLockMs)),
  },
  {
    name: 'the leader is stopped for good',
    strike: (world) => pause(world, world.findLeader(), undefined),
  },
  {
    name: 'an instance is killed and started anew',
    strike: (world, lastsMs, random) => kill(world, random.findOne(world.slots), lastsMs),
  },
  {
    name: 'the leader is killed and started anew',
    strike: (world, lastsMs) => kill(world, world.findLeader(), lastsMs),
  },
  {
    name: 'the broker is down',
    strike: ({ broker, time }, lastsMs) => {
      broker.isUp = false
      time.after(lastsMs, () => {
        broker.isUp = true
      })
    },
  },
  ...(['HOLDS', 'DROPS', 'LOSES'] as const satisfies LinkState[]).map((state) => ({
    name: `the leader's way to the broker ${state}`,
    strike: (world: EventWorld, lastsMs: number) => cutFromBroker(world, world.findLeader(), state, lastsMs),
  })),
  {
    name: 'the database is down',
    strike: ({ model, time }, lastsMs) => {
      model.stop()
      time.after(Math.min(lastsMs, 2000), () => model.start())
    },
  },
  {
    name: 'the leader is cut off from the database',
    strike: (world, lastsMs, random) => {
      const slot = world.findLeader() ?? random.findOne(world.slots)
      if (slot !== undefined) world.model.cut(slot.process.name, lastsMs)
    },
  },
  {
    name: 'the leader is cut off from everything, and what it sent arrives late',
    strike: (world, lastsMs, random) => {
      const slot = world.findLeader()
      if (slot === undefined) return
      const longMs = Math.max(lastsMs, 2 * longerThanLockMs)
      const headStartMs = random.between(0, 500)
      cutFromBroker(world, slot, 'HOLDS', longMs)
      world.time.after(headStartMs, () => world.model.cut(slot.process.name, longMs - headStartMs))
    },
  },
  {
    name: "the leader's connections to the database break",
    strike: (world) => {
      const slot = world.findLeader()
      if (slot !== undefined) world.model.breakConnections(slot.process.name)
    },
  },
  { name: 'a replica takes over, nothing is lost', strike: (world) => promote(world, 0) },
  {
    name: 'a replica takes over, commits are lost',
    strike: (world, _lastsMs, random) => promote(world, 1 + random.below(4)),
  },
  {
    name: 'the broker refuses what a user has',
    isRefusal: true,
    strike: (world, lastsMs, random) => refuse(world, lastsMs, random),
  },
]

/** Lets faults strike between two times; all but a process that is stopped for good are healed by the second. */
export function planEventFaults(world: EventWorld, random: Random, fromMs: number, untilMs: number): void {
  const isForParking = random.chance(0.15)
  const kinds = faults.filter(({ isRefusal = false }) => isRefusal || !isForParking)
  const count = isForParking ? 1 : random.below(faultsMax + 1)
  for (let n = 0; n < count; n++) {
    const fault = random.findOne(kinds)
    const atMs = isForParking ? fromMs : random.between(fromMs, untilMs - 200)
    const longestMs = random.chance(0.4) ? 4000 : 900
    const lastsMs = isForParking ? untilMs - atMs : Math.min(random.between(60, longestMs), untilMs - atMs)
    if (fault === undefined) continue
    world.time.at(atMs, () => {
      const { history, time } = world
      history.faults.push({
        fromMs: time.nowMs,
        untilMs: time.nowMs + lastsMs,
        isRefusal: fault.isRefusal ?? false,
      })
      history.note(() => `FAULT for ${lastsMs.toFixed(0)} ms: ${fault.name}`)
      fault.strike(world, lastsMs, random)
    })
  }
}

function pause(world: EventWorld, slot: EventSlot | undefined, lastsMs: number | undefined): void {
  const isOneStopped = world.slots.some(({ process }) => !process.isRunning)
  if (slot === undefined || slot.process.isDead || isOneStopped) return
  const { process } = slot
  // For good: longer than any world lives.
  world.model.pause(process.name, lastsMs ?? 3_600_000)
  process.pause(false)
  if (lastsMs !== undefined) world.time.after(lastsMs, () => process.resume())
}

function kill(world: EventWorld, slot: EventSlot | undefined, lastsMs: number): void {
  if (slot === undefined || !slot.process.isRunning) return
  world.model.kill(slot.process.name)
  slot.process.kill()
  world.time.after(Math.min(lastsMs, 1500), () => world.restart(slot))
}

function cutFromBroker(
  world: EventWorld,
  slot: EventSlot | undefined,
  state: LinkState,
  lastsMs: number,
): void {
  if (slot === undefined) return
  const link = world.linkToBroker(slot)
  link.state = state
  world.time.after(lastsMs, () => {
    link.state = 'WORKS'
  })
}

function promote(world: EventWorld, lostCommits: number): void {
  world.history.lostCommits += lostCommits
  world.model.promote(lostCommits)
}

function refuse({ broker, history, model, time }: EventWorld, lastsMs: number, random: Random): void {
  const key = random.findOne(model.truth.rows('users'))?.id
  if (typeof key !== 'string') return
  broker.setRefused(key, true)
  history.refusals.push({ key, fromMs: time.nowMs, untilMs: time.nowMs + lastsMs })
  time.after(lastsMs, () => broker.setRefused(key, false))
}
