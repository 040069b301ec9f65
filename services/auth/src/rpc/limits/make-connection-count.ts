import type { Socket } from 'node:net'
import { makeArrivals } from './make-arrivals.ts'
import { toPeerKey } from './to-peer-key.ts'
import type { ConnectionRate, TransportRefusal } from './transport-limits.ts'

/** How many there may be. */
export interface ConnectionCountOptions {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly connectionRate: ConnectionRate | undefined
}

/** What counting takes beside that. */
export interface ConnectionCountParts {
  readonly nowMs: () => number
  /** Asked to close one when there are too many in all, and says whether it did. */
  readonly makeRoom?: () => boolean
  /** Addresses that open connections for many others, which no rate holds. */
  readonly isProxy?: (address: string) => boolean
}

/** The open connections of one listener. */
export interface ConnectionCount {
  readonly size: number
  /** Counts a connection until it closes, or says why it may not be. */
  admit(socket: Socket): TransportRefusal | undefined
}

/** Counts connections in all, and by address those that are open and those that begin. */
export function makeConnectionCount(
  { maxConnections, maxConnectionsPerAddress, connectionRate }: ConnectionCountOptions,
  { nowMs, makeRoom = () => false, isProxy = () => false }: ConnectionCountParts,
): ConnectionCount {
  const byAddress = new Map<string, number>()
  const arrivals = connectionRate && makeArrivals(connectionRate)
  let size = 0
  return {
    get size() {
      return size
    },
    admit(socket) {
      const address = socket.remoteAddress ?? ''
      const key = toPeerKey(address)
      const ofAddress = byAddress.get(key) ?? 0
      if (ofAddress >= maxConnectionsPerAddress) return 'connections-per-address'
      if (arrivals !== undefined && !isProxy(address) && !arrivals.take(key, nowMs()))
        return 'connection-rate'
      if (size >= maxConnections && !makeRoom()) return 'connections'
      size += 1
      byAddress.set(key, ofAddress + 1)
      socket.once('close', () => {
        size -= 1
        const left = (byAddress.get(key) ?? 1) - 1
        if (left === 0) byAddress.delete(key)
        else byAddress.set(key, left)
      })
      return undefined
    },
  }
}
