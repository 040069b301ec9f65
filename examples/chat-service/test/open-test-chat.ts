import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import { type GrpcClientOf, makeGrpcClient } from '@immersiverse/auth-client/grpc'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import { type AuthProcess, startAuthProcess } from '@immersiverse/example-processes'
import { type ChatService, startChatService } from '../start-chat-service.ts'

/** A real authentication service in its own process, and the chat service in this one. */
export interface TestChat extends AsyncDisposable {
  readonly chat: ChatService
  readonly users: GrpcClientOf<typeof UserService>
  readonly sessions: GrpcClientOf<typeof AuthService>
  /** Signs someone up, with roles, and logs them in. */
  signUp(username: string, roles?: readonly string[]): Promise<{ userId: string; token: string }>
  /** Ends the authentication service; its data stay. */
  stopAuth(): Promise<void>
  /** Starts it again, on the same address. */
  startAuth(): Promise<void>
}

const password = 'correct horse battery staple'

/** Starts both on free ports and on an embedded database of their own. */
export async function openTestChat(): Promise<TestChat> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'chat-service-test-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  let auth: AuthProcess = await startAuthProcess({ folder, environment: { AUTH_LOG_LEVEL: 'warn' } })
  stack.defer(() => auth.stop())
  await auth.awaitReady()
  const listen = { host: '127.0.0.1', port: 0 }
  const chat = await startChatService({ authAddress: auth.grpcAddress, http: listen, grpc: listen })
  stack.use(chat)
  const channel = new Client(auth.grpcAddress, credentials.createInsecure())
  stack.defer(() => channel.close())
  const users = makeGrpcClient(UserService, channel)
  const sessions = makeGrpcClient(AuthService, channel)
  const opened = stack.move()
  return {
    chat,
    users,
    sessions,
    async signUp(username, roles = []) {
      const email = `${username}@example.com`
      const { user } = await users.createUser({ username, email, password, displayName: `The ${username}` })
      const userId = user?.id ?? ''
      if (roles.length > 0) await users.updateUser({ userId, roles: { roles: [...roles] } })
      const { tokens } = await sessions.login({ identifier: username, password })
      return { userId, token: tokens?.accessToken ?? '' }
    },
    stopAuth: () => auth.stop(),
    async startAuth() {
      auth = auth.startAgain()
      await auth.awaitReady()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
