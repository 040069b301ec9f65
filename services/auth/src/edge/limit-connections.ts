import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { makeConnectionCount } from '../rpc/limits/make-connection-count.ts'
import type { ListenLimits } from './listen.ts'

/**
 * Closes connections that are too many, in all or from one address, or that come too fast from one that is no proxy's. Returns how many are
 * open.
 */
export function limitConnections(server: Server, { limits, onRefused, proxies }: ListenLimits): () => number {
  // Real time, whatever clock the service runs by: it is the patience with sockets.
  const nowMs = () => performance.now()
  const isProxy = (address: string) => proxies?.isProxy(address) === true
  const count = makeConnectionCount(limits, { nowMs, isProxy })
  server.on('connection', (socket: Socket) => {
    const refusal = count.admit(socket)
    if (refusal === undefined) return
    onRefused(refusal, socket.remoteAddress ?? '')
    socket.resetAndDestroy()
  })
  return () => count.size
}
