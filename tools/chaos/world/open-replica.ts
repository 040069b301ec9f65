import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@grpc/grpc-js'
import { makeGrpcClient, openChannel, type TlsOptions } from '@immersiverse/auth-client/grpc'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import { freePort } from '../../parts/free-port.ts'
import { openTcpProxy, type TcpProxy } from '../../parts/tcp-proxy.ts'
import type { FakeClock } from './open-fake-clock.ts'
import { openProcess } from './open-process.ts'
import type { Calls, Replica, ReplicaName } from './world.ts'

/** What a replica is started with. */
export interface ReplicaOptions {
  readonly name: ReplicaName
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  readonly clock: FakeClock | undefined
  /** What its callers show; plaintext without. */
  readonly tls?: TlsOptions | undefined
}

/** A replica, where it listens and how its users reach it. */
export interface OpenReplica extends Replica, AsyncDisposable {
  readonly grpcPort: number
  readonly usersWay: TcpProxy
}

const file = fileURLToPath(new URL('../../../services/auth/test/cheap-main.ts', import.meta.url))

/** Long enough for a slow machine, short enough that a call is tried again elsewhere while a fault lasts. */
const deadlineMs = 2_500

/** Starts a process of the service, with hashing that costs next to nothing, on ports that stay the same in all its lives. */
export async function openReplica({
  name,
  folder,
  environment,
  clock,
  tls,
}: ReplicaOptions): Promise<OpenReplica> {
  await using stack = new AsyncDisposableStack()
  const [grpcPort, edgePort, adminPort] = [await freePort(), await freePort(), await freePort()]
  const process = stack.use(
    await openProcess({
      name,
      file,
      environment: {
        ...environment,
        ...clock?.environment,
        AUTH_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
        AUTH_EDGE_LISTEN: `127.0.0.1:${edgePort}`,
        AUTH_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
        // Logins that a killed instance has begun stay counted: here there are more of them than anywhere.
        AUTH_LOGIN_ATTEMPTS: '1000/1m',
      },
      logFile: join(folder, `${name}.log`),
      readyLine: /"msg":"serving"/,
    }),
  )
  const usersWay = stack.use(await openTcpProxy({ port: grpcPort }))
  const users = makeCalls(openChannelTo(usersWay.port, stack, tls))
  const channel = openChannelTo(grpcPort, stack, tls)
  const direct = makeCalls(channel)
  const opened = stack.move()
  return {
    name,
    process,
    users,
    direct,
    clock,
    grpcPort,
    usersWay,
    // Another one for each connection that a renewed certificate has opened.
    toConnectionId: () => channel.getChannel().getChannelzRef().id,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function openChannelTo(port: number, stack: AsyncDisposableStack, tls: TlsOptions | undefined): Client {
  const address = `localhost:${port}`
  const channel = openChannel(tls === undefined ? { address: `127.0.0.1:${port}` } : { address, tls })
  stack.defer(() => channel.close())
  return channel
}

function makeCalls(channel: Client): Calls {
  return {
    auth: makeGrpcClient(AuthService, channel, { deadlineMs }),
    users: makeGrpcClient(UserService, channel, { deadlineMs }),
  }
}
