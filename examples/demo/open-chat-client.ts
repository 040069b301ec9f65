import { promisify } from 'node:util'
import { type Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { loadChatService } from '@immersiverse/example-chat-service/load-chat-service'

/** The gRPC side of the chat service, as someone who talks sees it. */
export interface ChatClient extends AsyncDisposable {
  /** Resolves with the status' name: `OK`, `UNAUTHENTICATED` … */
  ping(): Promise<string>
  /** The room's id, or the name of the status. */
  createRoom(name: string, token?: string): Promise<{ status: string; roomId: string; nickname: string }>
  /** Watches the room, says the text, and resolves with what the watcher heard: who, and what. */
  talk(roomId: string, text: string, token: string): Promise<{ username: string; text: string }>
}

interface RoomAnswer {
  readonly room: { readonly roomId: string; readonly owner: { readonly nickname: string } }
}
interface Heard {
  readonly event: 'joined' | 'said'
  readonly said?: { readonly member: { readonly username: string }; readonly text: string }
}

/** Opens a plain grpc-js client of the chat service; whoever opens it disposes of it. */
export function openChatClient(address: string): ChatClient {
  const client = new (loadChatService())(address, credentials.createInsecure())
  const call = <T>(method: string, request: object, token?: string): Promise<T> =>
    promisify((done: (error: ServiceError | null, answer?: T) => void) =>
      client[method]?.(request, toMetadata(token), { deadline: Date.now() + 10_000 }, done),
    )() as Promise<T>
  return {
    ping: async () => (await settle(call<object>('Ping', {}))).status,
    async createRoom(name, token) {
      const { status, answer } = await settle(call<RoomAnswer>('CreateRoom', { name }, token))
      return { status, roomId: answer?.room.roomId ?? '', nickname: answer?.room.owner.nickname ?? '' }
    },
    talk: (roomId, text, token) => talk(client, roomId, text, token),
    [Symbol.asyncDispose]: async () => client.close(),
  }
}

async function settle<T>(answering: Promise<T>): Promise<{ status: string; answer?: T }> {
  try {
    return { status: 'OK', answer: await answering }
  } catch (error) {
    const { code } = error as ServiceError
    return { status: status[code] ?? String(error) }
  }
}

async function talk(client: Client, roomId: string, text: string, token: string) {
  const { service } = loadChatService()
  const { WatchRoom, Talk } = service
  if (WatchRoom === undefined || Talk === undefined) throw new TypeError('the proto lacks a method')
  const limit = { deadline: Date.now() + 10_000 }
  const watching = client.makeServerStreamRequest<object, Heard>(
    WatchRoom.path,
    WatchRoom.requestSerialize,
    WatchRoom.responseDeserialize,
    { roomId },
    toMetadata(token),
    limit,
  )
  watching.on('error', () => undefined)
  const talking = client.makeBidiStreamRequest<object, object>(
    Talk.path,
    Talk.requestSerialize,
    Talk.responseDeserialize,
    toMetadata(token),
    limit,
  )
  talking.on('error', (error) => watching.destroy(error))
  talking.resume()
  try {
    for await (const { said } of watching as AsyncIterable<Heard>) {
      if (said != null) return { username: said.member.username, text: said.text }
      // Joined: what is said from now on is heard.
      talking.write({ roomId, text })
    }
    throw new Error('the room was closed')
  } finally {
    talking.end()
    watching.cancel()
  }
}

function toMetadata(token: string | undefined): Metadata {
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  return metadata
}
