import { forgetLost } from '../record/forget-lost.ts'
import type { World } from '../world/world.ts'
import type { Fault } from './fault.ts'

/** A database that is down, cut off, breaks connections, or is another one. */
export const databaseFaults: readonly Fault[] = [
  {
    name: 'the database is down',
    strike: ({ model, time }, lastsMs) => {
      model.stop()
      time.after(Math.min(lastsMs, 2000), () => model.start())
    },
  },
  {
    name: 'an instance is cut off from the database',
    strike: ({ model, slots }, lastsMs, random) => {
      const slot = random.findOne(slots)
      if (slot !== undefined) model.cut(slot.process.name, lastsMs)
    },
  },
  {
    name: 'connections to the database break',
    strike: ({ model, slots }, _lastsMs, random) => {
      const slot = random.findOne(slots)
      if (slot !== undefined) model.breakConnections(slot.process.name)
    },
  },
  {
    name: 'the lane loses its leader',
    strike: ({ model, slots }) => {
      const slot = slots.find(({ auth }) => auth?.lane.status().leader)
      if (slot !== undefined) model.breakConnections(slot.process.name)
    },
  },
  {
    name: 'a replica takes over, nothing is lost',
    strike: (world) => promote(world, 0),
  },
  {
    name: 'a replica takes over, commits are lost',
    strike: (world, _lastsMs, random) => promote(world, 1 + random.below(4)),
  },
]

function promote(world: World, lostCommits: number): void {
  const { history, model, time } = world
  history.epochs.push({ promotedMs: time.nowMs, lostCommits, settledMs: undefined })
  model.promote(lostCommits)
  if (lostCommits > 0) forgetLost(history)
  history.note(() => `promoted, ${lostCommits} commits lost`)
}
