import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { bindListeners } from '../bind-listeners.ts'
import type { RequestScope } from '../live/make-request-scope.ts'
import { endWebSocket, type WebSocketLike } from './end-web-socket.ts'

/** Watches the WebSocket that an upgrade request may become. */
export type WebSocketGuard = (request: FastifyRequest, scope: RequestScope) => void

/**
 * Makes the guard of WebSockets that @fastify/websocket opens on guarded routes; it may be registered before or after. Listeners on the
 * socket run in the request's context, so `principal()` holds in them.
 */
export function makeWebSocketGuard(): WebSocketGuard {
  const scopes = new WeakMap<IncomingMessage, RequestScope>()
  const servers = new WeakSet<EventEmitter>()

  const watch = (socket: WebSocketLike, request: IncomingMessage): void => {
    const scope = scopes.get(request)
    if (scope === undefined) return
    bindListeners(socket)
    socket.once('close', () => scope.close())
    try {
      scope.watch((error) => endWebSocket(socket, error))
    } catch (error) {
      endWebSocket(socket, error)
    }
  }

  return (request, scope) => {
    const server = findWebSocketServer(request)
    if (server === undefined) return
    scopes.set(request.raw, scope)
    if (servers.has(server)) return
    servers.add(server)
    server.on('connection', watch)
  }
}

/** What @fastify/websocket decorates its instance with; seen from the route's instance, wherever it was registered above. */
function findWebSocketServer({ server }: FastifyRequest): EventEmitter | undefined {
  return (server as { readonly websocketServer?: EventEmitter }).websocketServer
}
