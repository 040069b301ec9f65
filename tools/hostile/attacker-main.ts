import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AttackContext, AttackTally, Target } from './attacks/attack.ts'
import { attacks } from './attacks/attacks.ts'
import { openRawPeer, type RawPeer, type RawPeerOptions } from './wire/open-raw-peer.ts'

/*
 * A hostile client as a process of its own, so that the good client's clock is not its. Told `go`, `look` and `stop` over IPC; answers the
 * last two with what it has come to. Ends when its parent does.
 */
const [name = '', grpcPort = '', edgePort = ''] = process.argv.slice(2)
const attack = attacks.find((each) => each.name === name)
if (attack === undefined) throw new RangeError(`there is no attack ${name}`)
const target: Target = { grpcPort: Number(grpcPort), edgePort: Number(edgePort) }
let running:
  | {
      readonly stop: AbortController
      readonly tally: AttackTally
      readonly done: Promise<AttackTally>
    }
  | undefined

process.on('message', async (message) => {
  if (message === 'go') running = start()
  if (message === 'look') process.send?.(running?.tally ?? {})
  if (message !== 'stop') return
  running?.stop.abort()
  process.send?.((await running?.done) ?? {})
})
process.on('disconnect', () => process.exit())
process.send?.('ready')

function start() {
  const stop = new AbortController()
  // As many waits as the attack has connections.
  setMaxListeners(0, stop.signal)
  const tally = { opened: 0, closed: 0, sent: 0 }
  const peers = new Set<RawPeer>()
  const connect = async (options: RawPeerOptions) => {
    const peer = await openRawPeer(options)
    tally.opened += 1
    peers.add(peer)
    // It was on its way when the attack ended.
    if (stop.signal.aborted) peer.socket.destroy()
    peer.closed.then(() => {
      peers.delete(peer)
      if (!stop.signal.aborted) tally.closed += 1
    })
    return peer
  }
  const context: AttackContext = {
    target,
    signal: stop.signal,
    tally,
    connect: (options = {}) => connect({ port: target.grpcPort, ...options }),
    connectEdge: (from = '127.0.0.2') => connect({ port: target.edgePort, from, isSilent: true }),
    pause: (ms) => sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined),
  }
  const onAborted = Promise.withResolvers<void>()
  stop.signal.addEventListener('abort', () => {
    for (const { socket } of peers) socket.destroy()
    onAborted.resolve()
  })
  // A write that waits for its peer ends with the peer, not with the attack.
  const done = Promise.race([attack?.run(context), onAborted.promise]).then(() => tally)
  return { stop, tally, done }
}
