import type { Socket } from 'node:net'
import { toPeerKey } from './to-peer-key.ts'
import type { TransportRefusal } from './transport-limits.ts'

/** How many there may be. */
export interface ConnectionCountOptions {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/** The open connections of one listener. */
export interface ConnectionCount {
  readonly size: number
  /** Counts a connection until it closes, or says why it may not be. */
  admit(socket: Socket): TransportRefusal | undefined
}

/**
 * Counts connections in all and by address. `makeRoom` is asked to close one when there are too many in all, and says whether it did.
 */
export function makeConnectionCount(
  { maxConnections, maxConnectionsPerAddress }: ConnectionCountOptions,
  makeRoom: () => boolean = () => false,
): ConnectionCount {
  const byAddress = new Map<string, number>()
  let size = 0
  return {
    get size() {
      return size
    },
    admit(socket) {
      const key = toPeerKey(socket.remoteAddress)
      const ofAddress = byAddress.get(key) ?? 0
      if (ofAddress >= maxConnectionsPerAddress) return 'connections-per-address'
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
