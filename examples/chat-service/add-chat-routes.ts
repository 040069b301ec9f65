import { Readable } from 'node:stream'
import { RpcError } from '@immersiverse/auth-client'
import type { FastifyInstance } from 'fastify'
import { type ChatParts, createRoom } from './create-room.ts'

const newRoom = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string', minLength: 1, maxLength: 64 } },
}

/**
 * Adds the HTTP side: `POST /chat/room`, `GET /chat/room/:roomId` with its `/events`, and `DELETE /chat/room/:roomId` for moderators.
 * Whoever registers `auth.fastify` on the same instance has them guarded, open streams of events included.
 */
export function addChatRoutes(http: FastifyInstance, parts: ChatParts): void {
  http.post<{ Body: { name: string } }>('/chat/room', { schema: { body: newRoom } }, (request) =>
    createRoom(parts, request.body.name),
  )
  http.get<{ Params: { roomId: string } }>('/chat/room/:roomId', async (request, reply) => {
    const room = parts.rooms.find(request.params.roomId)
    return room ?? reply.code(404).send({ error: 'there is no such room' })
  })
  http.get<{ Params: { roomId: string } }>('/chat/room/:roomId/events', async (request, reply) => {
    const { roomId } = request.params
    if (parts.rooms.find(roomId) === undefined) {
      return reply.code(404).send({ error: 'there is no such room' })
    }
    return reply.type('text/event-stream').send(watchRoom(parts, roomId))
  })
  http.delete<{ Params: { roomId: string } }>(
    '/chat/room/:roomId',
    { config: { auth: { roles: ['moderator'] } } },
    async (request, reply) => reply.code(parts.rooms.remove(request.params.roomId) ? 204 : 404).send(),
  )
  http.setErrorHandler((error, _request, reply) => {
    // The owner cannot be looked up just now: the same answer as when the token cannot be checked.
    if (isOutage(error)) return reply.code(503).header('retry-after', '1').send({ error: 'try again' })
    return reply.send(error)
  })
}

/** What happens in the room from now on, one's own joining first, as Server-Sent Events. */
function watchRoom({ auth, rooms }: ChatParts, roomId: string): Readable {
  const { userId, username } = auth.principal()
  const events = new Readable({ read: () => undefined })
  const stop = rooms.watch(roomId, {
    next: (event) => events.push(`data: ${JSON.stringify(event)}\n\n`),
    end: () => events.push(null),
  })
  events.on('close', stop)
  rooms.tell(roomId, { joined: { userId, username } })
  return events
}

function isOutage(error: unknown): boolean {
  return error instanceof RpcError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED')
}
