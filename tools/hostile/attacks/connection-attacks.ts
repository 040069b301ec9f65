import { preface } from '../wire/frames.ts'
import type { RawPeer } from '../wire/open-raw-peer.ts'
import type { Attack, AttackContext } from './attack.ts'
import { repeat } from './repeat.ts'

/** So many addresses has the attacker, of which each gets its share of connections. */
const addresses = 100

/** Opens connections one after the other and keeps them; those that are closed are not opened again. */
async function hold(
  context: AttackContext,
  count: number,
  open: (from: string) => Promise<RawPeer>,
): Promise<void> {
  for (let index = 0; index < count && !context.signal.aborted; index += 1) {
    await open(`127.0.${1 + (Math.floor(index / 250) % 200)}.${1 + (index % addresses)}`)
    context.tally.sent += 1
  }
  await context.pause(600_000)
}

/** Attacks by connections. */
export const connectionAttacks: readonly Attack[] = [
  {
    name: '10000-idle',
    what: '10,000 connections that say hello and nothing more, from many addresses',
    ends: 'closed',
    run: (context) => hold(context, 10_000, (from) => context.connect({ from })),
  },
  {
    name: 'one-address',
    what: '1,000 connections from one address',
    ends: 'closed',
    run: (context) => hold(context, 1_000, () => context.connect({ from: '127.0.0.2' })),
  },
  {
    name: 'slow-loris',
    what: 'prefaces that come byte by byte',
    ends: 'closed',
    run: (context) => {
      const open = (place: number) =>
        context.connect({ from: `127.0.2.${1 + (place % addresses)}`, isSilent: true })
      return repeat(context, 400, open, async (peer) => {
        for (const byte of preface) {
          if (context.signal.aborted || !(await peer.send(Buffer.of(byte)))) return
          context.tally.sent += 1
          await context.pause(1_000)
        }
      })
    },
  },
  {
    name: 'connection-churn',
    what: 'connections that are opened and left',
    ends: 'refused',
    run: (context) =>
      repeat(
        context,
        16,
        () => context.connect({ from: '127.0.0.2' }),
        async () => {
          context.tally.sent += 1
        },
      ),
  },
]
