import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { makeConnectionCount } from '../rpc/limits/make-connection-count.ts'
import type { HttpLimits, OnRefused } from '../rpc/limits/transport-limits.ts'

/** Closes connections that are too many, in all or from one address. Returns how many are open. */
export function limitConnections(server: Server, limits: HttpLimits, onRefused: OnRefused): () => number {
  const count = makeConnectionCount(limits)
  server.on('connection', (socket: Socket) => {
    const refusal = count.admit(socket)
    if (refusal === undefined) return
    onRefused(refusal, socket.remoteAddress ?? '')
    socket.resetAndDestroy()
  })
  return () => count.size
}
