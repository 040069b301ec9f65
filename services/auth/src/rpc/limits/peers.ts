import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import { makeAllowance } from './make-allowance.ts'
import { makeConnectionCount } from './make-connection-count.ts'
import type { Peer } from './peer.ts'
import { toPeerKey } from './to-peer-key.ts'
import type { GrpcLimits, OnRefused, TransportRefusal } from './transport-limits.ts'

/** What connections are held to. */
export interface PeersOptions {
  readonly limits: GrpcLimits
  readonly nowMs: () => number
  readonly onRefused: OnRefused
}

/** How long an address gets no new connection after one of its connections was closed for what it did. */
const holdMs = 2_000

/** What a connection may do beside its calls: more than any client does, and less than would be felt. */
const budgets = Object.freeze({
  /** Clients of gRPC measure their bandwidth by pings; the budget is full again after each call. */
  pings: { burst: 100, perSecond: 20 },
  settings: { burst: 20, perSecond: 2 },
  rapidResets: { burst: 200, perSecond: 50 },
  faults: { burst: 100, perSecond: 20 },
})

/** The connections of one listener. */
export class Peers {
  readonly #options: PeersOptions
  readonly #peers = new Map<string, Peer>()
  readonly #handshakes = new WeakMap<Peer, NodeJS.Timeout>()
  /** Until when an address gets no new connection. */
  readonly #heldUntilMs = new Map<string, number>()
  readonly #count

  constructor(options: PeersOptions) {
    this.#options = options
    const { limits, nowMs } = options
    this.#count = makeConnectionCount(limits, { nowMs, makeRoom: () => this.#closeLeastUsed() })
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
      this.#options.onRefused(refusal, socket.remoteAddress ?? '')
      socket.resetAndDestroy()
      return false
    }
    const peer: Peer = {
      socket,
      address: socket.remoteAddress ?? '',
      key,
      session: undefined,
      openStreams: 0,
      lastUsedMs: this.#options.nowMs(),
      pings: makeAllowance(budgets.pings),
      settings: makeAllowance(budgets.settings),
      rapidResets: makeAllowance(budgets.rapidResets),
      faults: makeAllowance(budgets.faults),
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
    this.#heldUntilMs.set(peer.key, this.#options.nowMs() + holdMs)
    peer.session?.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
    // Not in order: whoever floods does not read either.
    peer.socket.destroy()
  }

  /** Holds that are over. */
  forgetHolds(): void {
    const atMs = this.#options.nowMs()
    for (const [key, untilMs] of this.#heldUntilMs) if (untilMs <= atMs) this.#heldUntilMs.delete(key)
  }

  destroy(): void {
    for (const { socket } of this.#peers.values()) socket.destroy()
  }

  #isHeld(key: string): boolean {
    return (this.#heldUntilMs.get(key) ?? 0) > this.#options.nowMs()
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
