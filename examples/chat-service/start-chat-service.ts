import { Server, ServerCredentials } from '@grpc/grpc-js'
import { type Auth, connectAuth } from '@immersiverse/auth-client'
import fastify from 'fastify'
import { addChatRoutes } from './add-chat-routes.ts'
import type { ChatParts } from './create-room.ts'
import { loadChatService } from './load-chat-service.ts'
import { makeChatHandlers } from './make-chat-handlers.ts'
import { makeRooms, type Rooms } from './make-rooms.ts'
import type { ChatConfig, ListenAddress } from './read-chat-config.ts'

/** A running chat service. */
export interface ChatService extends AsyncDisposable {
  /** `host:port` of each listener. */
  readonly httpAddress: string
  readonly grpcAddress: string
  /** Ends calls that follow rooms, lets others finish for `drainMs`, then closes everything. */
  close(): Promise<void>
}

const drainMs = 5_000

/** Starts the chat service, also while the authentication service is not there yet: guarded calls are UNAVAILABLE until it is. */
export async function startChatService(config: ChatConfig): Promise<ChatService> {
  await using stack = new AsyncDisposableStack()
  const rooms = makeRooms()
  const { authAddress: address, verification } = config
  const auth = stack.use(await connectAuth({ address, verification }))
  const httpAddress = await startHttp(auth, rooms, config.http, stack)
  const grpcAddress = await startGrpc(auth, rooms, config.grpc, stack)
  stack.defer(() => rooms.close())
  const started = stack.move()
  const close = () => started.disposeAsync()
  return { httpAddress, grpcAddress, close, [Symbol.asyncDispose]: close }
}

async function startHttp(
  auth: Auth,
  rooms: Rooms,
  listen: ListenAddress,
  stack: AsyncDisposableStack,
): Promise<string> {
  const http = fastify()
  stack.defer(() => http.close())
  await http.register(auth.fastify, { default: 'authenticated' })
  addChatRoutes(http, { auth, rooms })
  return new URL(await http.listen(listen)).host
}

async function startGrpc(
  auth: Auth,
  rooms: Rooms,
  listen: ListenAddress,
  stack: AsyncDisposableStack,
): Promise<string> {
  const parts: ChatParts = { auth, rooms }
  const server = new Server()
  stack.defer(() => stopGrpc(server))
  const { service } = loadChatService()
  const access = { default: 'authenticated', methods: { Ping: 'public' } } as const
  server.addService(service, auth.guard(service, makeChatHandlers(parts), access))
  return await new Promise((resolve, reject) => {
    const address = `${listen.host}:${listen.port}`
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(`${listen.host}:${port}`) : reject(error),
    )
  })
}

function stopGrpc(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown()
      resolve()
    }, drainMs)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
