import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { Server, ServerCredentials } from '@grpc/grpc-js'
import { getHttp2Server } from './get-http2-server.ts'
import { guardSession } from './guard-session.ts'
import { listenOn } from './listen-on.ts'
import { makeAllowance } from './make-allowance.ts'
import { type CallGateOptions, makeCallGate, type ServeStream } from './make-call-gate.ts'
import { makeConnectionCount } from './make-connection-count.ts'
import type { Peer } from './peer.ts'
import { toPeerKey } from './to-peer-key.ts'
import type { GrpcLimits, OnRefused, TransportRefusal } from './transport-limits.ts'

/** How a gRPC server is reached, within limits. */
export interface LimitedListenerOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly limits: GrpcLimits
  readonly methods: CallGateOptions['methods']
  readonly onRefused: OnRefused
}

/** The sockets of a gRPC server. */
export interface LimitedListener {
  readonly port: number
  /** What is open at the moment. */
  status(): { readonly connections: number; readonly calls: number }
  /** Takes no more connections. */
  stopAccepting(): void
  /** Cuts all that is open. */
  destroy(): void
}

/** How long an address gets no new connection after one of its connections was closed for what it did. */
const holdMs = 2_000
const sweepMs = 1_000

/**
 * Accepts connections, plain or TLS as the credentials say, counts and times them, and gives those that keep to the limits to the gRPC
 * server. Rejects with one line where the address cannot be had.
 */
export async function openLimitedListener(
  server: Server,
  credentials: ServerCredentials,
  options: LimitedListenerOptions,
): Promise<LimitedListener> {
  const peers = new Peers(options)
  const gate = makeCallGate({
    ...options,
    nowMs,
    onAbuse: (peer, refusal) => peers.punish(peer, refusal),
    onStalled: ({ address }) => options.onRefused('stalled-call', address),
  })
  const injector = server.createConnectionInjector(credentials)
  const http2Server = getHttp2Server(server)
  http2Server.updateSettings({ maxHeaderListSize: options.limits.maxHeaderBytes })
  const bySession = new WeakMap<object, Peer>()
  http2Server.on('session', (session) => {
    const peer = peers.find(session.socket)
    if (peer === undefined) return session.destroy()
    bySession.set(session, peer)
    const onAbuse = (refusal: TransportRefusal) => peers.punish(peer, refusal)
    guardSession(session, peer, { nowMs, onHandshaken: () => peers.handshaken(peer), onAbuse })
  })
  const serve = http2Server.listeners('stream') as ServeStream[]
  http2Server.removeAllListeners('stream')
  http2Server.on('stream', (stream, headers, flags) => {
    const peer = stream.session && bySession.get(stream.session)
    if (peer === undefined || !gate.admit(peer, stream, headers)) return
    for (const listener of serve) listener.call(http2Server, stream, headers, flags)
  })
  const sockets = await listenOn(options.listen, (socket) => {
    if (peers.admit(socket)) injector.injectConnection(socket)
  })
  const sweep = setInterval(() => {
    gate.sweep()
    peers.forgetHolds()
  }, sweepMs).unref()
  return {
    port: sockets.port,
    status: () => ({ connections: peers.size, calls: gate.openCalls }),
    stopAccepting: () => sockets.close(),
    destroy: () => {
      clearInterval(sweep)
      peers.destroy()
    },
  }
}

/** Real time, whatever clock the service runs by: it is the patience with sockets. */
const nowMs = () => performance.now()

/** The connections of one listener. */
class Peers {
  readonly #options: LimitedListenerOptions
  readonly #peers = new Map<string, Peer>()
  readonly #handshakes = new WeakMap<Peer, NodeJS.Timeout>()
  /** Until when an address gets no new connection. */
  readonly #heldUntilMs = new Map<string, number>()
  readonly #count

  constructor(options: LimitedListenerOptions) {
    this.#options = options
    this.#count = makeConnectionCount(options.limits, () => this.#closeLeastUsed())
  }

  get size(): number {
    return this.#count.size
  }

  /** Counts and times a connection; one that may not be is closed. */
  admit(socket: Socket): boolean {
    // A peer that is gone again: closing is all there is to do.
    socket.on('error', () => undefined)
    const key = toPeerKey(socket.remoteAddress)
    const refusal = this.#isHeld(key) ? 'address-on-hold' : this.#count.admit(socket)
    if (refusal !== undefined) {
      this.#options.onRefused(refusal, key)
      socket.resetAndDestroy()
      return false
    }
    const peer: Peer = {
      socket,
      address: socket.remoteAddress ?? '',
      key,
      session: undefined,
      openStreams: 0,
      lastUsedMs: nowMs(),
      pings: makeAllowance({ burst: 100, perSecond: 20 }),
      settings: makeAllowance({ burst: 20, perSecond: 2 }),
      rapidResets: makeAllowance({ burst: 200, perSecond: 50 }),
      faults: makeAllowance({ burst: 100, perSecond: 20 }),
    }
    const id = toId(socket)
    this.#peers.set(id, peer)
    socket.once('close', () => {
      this.#peers.delete(id)
      this.handshaken(peer)
    })
    const onLate = () => {
      this.#options.onRefused('handshake-timeout', peer.address)
      socket.resetAndDestroy()
    }
    this.#handshakes.set(peer, setTimeout(onLate, this.#options.limits.handshakeTimeoutMs).unref())
    return true
  }

  handshaken(peer: Peer): void {
    clearTimeout(this.#handshakes.get(peer))
    this.#handshakes.delete(peer)
  }

  /** By the peer's own address and port: TLS puts a socket of its own between. */
  find(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): Peer | undefined {
    return this.#peers.get(toId(socket))
  }

  /** Ends a connection for what its peer does. */
  punish(peer: Peer, refusal: TransportRefusal): void {
    if (peer.session?.destroyed) return
    this.#options.onRefused(refusal, peer.address)
    this.#heldUntilMs.set(peer.key, nowMs() + holdMs)
    peer.session?.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
    // Not in order: whoever floods does not read either.
    peer.socket.destroy()
  }

  /** Holds that are over. */
  forgetHolds(): void {
    const atMs = nowMs()
    for (const [key, untilMs] of this.#heldUntilMs) if (untilMs <= atMs) this.#heldUntilMs.delete(key)
  }

  destroy(): void {
    for (const { socket } of this.#peers.values()) socket.destroy()
  }

  #isHeld(key: string): boolean {
    return (this.#heldUntilMs.get(key) ?? 0) > nowMs()
  }

  /** The connection that was unused longest, one that has not said hello among them, gives way to a new one. */
  #closeLeastUsed(): boolean {
    let least: Peer | undefined
    for (const peer of this.#peers.values()) {
      const isLess = least === undefined || peer.lastUsedMs < least.lastUsedMs
      if (peer.openStreams === 0 && !peer.socket.destroyed && isLess) least = peer
    }
    if (least === undefined) return false
    this.#options.onRefused('connections', least.address)
    if (least.session === undefined) least.socket.resetAndDestroy()
    else least.session.close()
    return true
  }
}

function toId({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`
}
