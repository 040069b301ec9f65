import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type StatusObject,
  status,
} from '@grpc/grpc-js'
import { RpcError } from '@immersiverse/auth-client'
import { type ChatParts, createRoom } from './create-room.ts'
import type { Message, Room, RoomEvent } from './messages.ts'

/** The handlers of `chat.v1.ChatService`, plain grpc-js: nothing in them asks whether the caller may. */
export interface ChatHandlers {
  readonly Ping: handleUnaryCall<object, object>
  readonly CreateRoom: handleUnaryCall<{ name: string }, { room: Room }>
  readonly WatchRoom: handleServerStreamingCall<{ roomId: string }, RoomEvent>
  readonly Talk: handleBidiStreamingCall<{ roomId: string; text: string }, { said: Message }>
}

const noSuchRoom = Object.freeze({ code: status.NOT_FOUND, details: 'there is no such room' })

/** Makes the handlers; `auth.principal()` says in each of them, stream listeners included, who is calling. */
export function makeChatHandlers(parts: ChatParts): ChatHandlers {
  return {
    Ping: (_call, callback) => callback(null, {}),
    CreateRoom: makeCreateRoom(parts),
    WatchRoom: makeWatchRoom(parts),
    Talk: makeTalk(parts),
  }
}

function makeCreateRoom(parts: ChatParts): ChatHandlers['CreateRoom'] {
  return ({ request: { name } }, callback) => {
    if (name === '' || [...name].length > 64) {
      callback({ code: status.INVALID_ARGUMENT, details: 'name must have 1 to 64 characters' })
      return
    }
    createRoom(parts, name).then(
      (room) => callback(null, { room }),
      (error: unknown) => callback(toStatus(error)),
    )
  }
}

function makeWatchRoom({ auth, rooms }: ChatParts): ChatHandlers['WatchRoom'] {
  return (call) => {
    const { userId, username } = auth.principal()
    const { roomId } = call.request
    if (rooms.find(roomId) === undefined) {
      call.emit('error', noSuchRoom)
      return
    }
    const stop = rooms.watch(roomId, { next: (event) => call.write(event), end: () => call.end() })
    call.on('cancelled', stop)
    rooms.tell(roomId, { joined: { userId, username } })
  }
}

function makeTalk({ auth, rooms }: ChatParts): ChatHandlers['Talk'] {
  return (call) => {
    call.on('data', ({ roomId, text }: { roomId: string; text: string }) => {
      const { userId, username } = auth.principal()
      if (rooms.find(roomId) === undefined) {
        call.emit('error', noSuchRoom)
        return
      }
      const said = { member: { userId, username }, text }
      rooms.tell(roomId, { said })
      call.write({ said })
    })
    call.on('end', () => call.end())
  }
}

function toStatus(error: unknown): Partial<StatusObject> {
  const isOutage =
    error instanceof RpcError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED')
  return isOutage
    ? { code: status.UNAVAILABLE, details: 'the owner cannot be looked up; try again' }
    : { code: status.INTERNAL, details: 'internal error' }
}
