import { gzipSync } from 'node:zlib'
import { flags, frameTypes, toCallHeaders, toFrame, toMessage } from '../wire/frames.ts'
import type { Attack } from './attack.ts'
import { repeat } from './repeat.ts'

const validate = '/auth.v1.AuthService/ValidateToken'
const snapshot = '/auth.v1.AuthService/GetRevocationSnapshot'
const streams = 250
/** Each costs the database something; how many a caller may ask for is not the transport's to say. */
const snapshots = 4

/** 16 MiB of zeros. */
const bomb = () => toMessage(gzipSync(Buffer.alloc(16 * 1024 * 1024)), 1)
const noBody = toMessage(Buffer.alloc(0))

/** Attacks by calls that are each allowed. */
export const callAttacks: readonly Attack[] = [
  {
    name: 'gzip-bomb',
    what: 'compressed messages that become 16 MiB',
    ends: 'closed',
    run: (context) => {
      const message = bomb()
      const open = () => context.connect({ from: '127.0.0.2' })
      return repeat(context, 4, open, async (peer) => {
        for (let id = 1; !context.signal.aborted; id += 2) {
          const headers = toCallHeaders(validate, { 'grpc-encoding': 'gzip' })
          const parts = [toFrame(frameTypes.headers, flags.endHeaders, id, headers)]
          for (let at = 0; at < message.length; at += 16_384) {
            const last = at + 16_384 >= message.length
            parts.push(toFrame(frameTypes.data, last ? 1 : 0, id, message.subarray(at, at + 16_384)))
          }
          if (!(await peer.send(Buffer.concat(parts)))) return
          context.tally.sent += 1
        }
      })
    },
  },
  {
    name: 'window-0',
    what: 'calls whose answers may not be sent',
    ends: 'bounded',
    run: (context) => {
      const open = (place: number) => context.connect({ from: `127.0.0.${2 + place}`, settings: { 4: 0 } })
      return repeat(context, 8, open, async (peer) => {
        for (let index = 0; index < streams; index += 1) {
          const headers = toCallHeaders(index < snapshots ? snapshot : validate)
          const id = 2 * index + 1
          const call = toFrame(frameTypes.headers, flags.endHeaders, id, headers)
          const isSent = await peer.send(
            Buffer.concat([call, toFrame(frameTypes.data, flags.endStream, id, noBody)]),
          )
          if (!isSent) return
          context.tally.sent += 1
        }
        await Promise.race([peer.closed, context.pause(600_000)])
      })
    },
  },
  {
    name: 'slow-requests',
    what: 'calls whose message comes byte by byte',
    ends: 'bounded',
    run: (context) => {
      const open = (place: number) => context.connect({ from: `127.0.0.${2 + place}` })
      return repeat(context, 8, open, async (peer) => {
        const ids = Array.from({ length: streams }, (_, index) => 2 * index + 1)
        const calls = ids.map((id) =>
          toFrame(frameTypes.headers, flags.endHeaders, id, toCallHeaders(validate)),
        )
        let isOpen = await peer.send(Buffer.concat(calls))
        while (isOpen && !context.signal.aborted) {
          const bytes = ids.map((id) => toFrame(frameTypes.data, flags.none, id, Buffer.of(0)))
          isOpen = await peer.send(Buffer.concat(bytes))
          context.tally.sent += ids.length
          await context.pause(250)
        }
      })
    },
  },
]
