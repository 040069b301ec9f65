import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GrpcClientOf, makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import { type AuthProcess, startAuthProcess } from './start-auth-process.ts'

/** Someone who has signed up and logged in. */
export interface TestUser {
  readonly userId: string
  /** An access token. */
  readonly token: string
}

/** A real authentication service for the tests of an example. */
export interface TestAuth extends AsyncDisposable {
  /** Of its gRPC listener. */
  readonly address: string
  /** For what the service under test keeps; removed at the end. */
  readonly folder: string
  readonly users: GrpcClientOf<typeof UserService>
  readonly sessions: GrpcClientOf<typeof AuthService>
  /** Signs someone up, with roles, and logs them in. */
  signUp(username: string, roles?: readonly string[]): Promise<TestUser>
  /** Ends the service; its data stay. */
  stop(): Promise<void>
  /** Starts it again on the same address and data. */
  startAgain(): Promise<void>
}

const password = 'correct horse battery staple'

/** Starts the authentication service in its own process, on free ports and an embedded database of its own. */
export async function openTestAuth(): Promise<TestAuth> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'example-test-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  let auth: AuthProcess = await startAuthProcess({ folder, environment: { AUTH_LOG_LEVEL: 'warn' } })
  stack.defer(() => auth.stop())
  await auth.awaitReady()
  const channel = openChannel({ address: auth.grpcAddress })
  stack.defer(() => channel.close())
  const users = makeGrpcClient(UserService, channel)
  const sessions = makeGrpcClient(AuthService, channel)
  const opened = stack.move()
  return {
    address: auth.grpcAddress,
    folder,
    users,
    sessions,
    signUp: (username, roles = []) => signUp({ users, sessions }, username, roles),
    stop: () => auth.stop(),
    async startAgain() {
      auth = auth.startAgain()
      await auth.awaitReady()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function signUp(
  { users, sessions }: Pick<TestAuth, 'users' | 'sessions'>,
  username: string,
  roles: readonly string[],
): Promise<TestUser> {
  const email = `${username}@example.com`
  const { user } = await users.createUser({ username, email, password, displayName: `The ${username}` })
  const userId = user?.id ?? ''
  if (roles.length > 0) await users.updateUser({ userId, roles: { roles: [...roles] } })
  const { tokens } = await sessions.login({ identifier: username, password })
  return { userId, token: tokens?.accessToken ?? '' }
}
