import type { SimulatedClient } from './simulate-client.ts'

/** Something that goes wrong for a while. */
export type Fault = (client: SimulatedClient, lastsMs: number, random: () => number) => void

/** What can happen to a client and its world, of protocols §2. */
export const faults: readonly Fault[] = [
  ({ world, time }, lastsMs) => {
    world.isRelayDead = true
    time.after(lastsMs, () => (world.isRelayDead = false))
  },
  ({ world, time }, lastsMs) => {
    world.isCut = true
    time.after(lastsMs, () => (world.isCut = false))
  },
  ({ world, time }, lastsMs) => {
    world.isAuthDown = true
    time.after(lastsMs, () => (world.isAuthDown = false))
  },
  ({ world, time }, lastsMs) => {
    world.delayMs = lastsMs
    time.after(lastsMs, () => (world.delayMs = 1))
  },
  ({ world }) => world.breakStreams(),
  // A deposed leader goes on for a while: it knows what was numbered before, and that is all.
  ({ world, time }, lastsMs) => {
    world.term++
    world.beat()
    const known = world.log.length
    world.isRelayDead = true
    time.after(lastsMs, () => (world.isRelayDead = false))
    for (let ms = 300; ms < lastsMs; ms += 500) time.after(ms, () => world.beatOfOldLeader(known))
  },
  ({ world }) => world.poison.add(world.log.length + 1),
  ({ clock }, _lastsMs, random) => {
    clock.wallSkewMs += (random() - 0.5) * 20_000
  },
  // Suspended: the monotonic clock stands still while the world goes on.
  ({ clock, world, time }, lastsMs) => {
    const fromMs = clock.monotonicMs()
    world.delayMs = lastsMs
    time.after(lastsMs, () => {
      clock.sleptMs += clock.monotonicMs() - fromMs
      world.delayMs = 1
    })
  },
  (client, _lastsMs, random) => {
    client.world.restore(Math.floor(random() * 3))
    for (const token of client.tokens) token.revokedMs ??= client.time.nowMs
  },
]
