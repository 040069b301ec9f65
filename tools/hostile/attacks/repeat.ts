import type { RawPeer } from '../wire/open-raw-peer.ts'
import type { AttackContext } from './attack.ts'

/** An attacker comes back so soon after it was cut off. */
const againMs = 10

/** Opens a connection, does with it what `use` does until it is closed, and comes back, in so many places at a time, until the end. */
export async function repeat(
  context: AttackContext,
  places: number,
  open: (place: number) => Promise<RawPeer>,
  use: (peer: RawPeer) => Promise<unknown>,
): Promise<void> {
  const attackFrom = async (place: number) => {
    while (!context.signal.aborted) {
      const peer = await open(place)
      await use(peer)
      peer.socket.destroy()
      await context.pause(againMs)
    }
  }
  await Promise.all(Array.from({ length: places }, (_, place) => attackFrom(place)))
}

/** Sends the same bytes again and again, as fast as they are taken. */
export async function flood(
  context: AttackContext,
  peer: RawPeer,
  toBytes: (round: number) => Buffer,
): Promise<void> {
  for (let round = 0; !context.signal.aborted; round += 1) {
    if (!(await peer.send(toBytes(round)))) return
    context.tally.sent += 1
  }
}
