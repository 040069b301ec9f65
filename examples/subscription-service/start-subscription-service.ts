import { connectAuth, openPositionFile } from '@immersiverse/auth-client'
import { makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { UserService } from '@immersiverse/auth-contract'
import fastify from 'fastify'
import { addSubscriptionRoutes } from './add-subscription-routes.ts'
import { followUsers } from './follow-users.ts'
import type { SubscriptionConfig } from './read-subscription-config.ts'

/** A running subscription service. */
export interface SubscriptionService extends AsyncDisposable {
  /** `host:port`. */
  readonly httpAddress: string
  /** Handles the event at hand, lets requests finish, then closes everything. */
  close(): Promise<void>
}

/** What the service reports to whoever started it. */
export interface SubscriptionReports {
  /** What was done about each event. */
  readonly tell: (line: string) => void
  /** Following events has stopped for good: the service is of no use any more. */
  readonly onError: (error: unknown) => void
}

/** Starts the subscription service, also while the authentication service is not there yet. */
export async function startSubscriptionService(
  config: SubscriptionConfig,
  reports: SubscriptionReports,
): Promise<SubscriptionService> {
  await using stack = new AsyncDisposableStack()
  const { authAddress, kafka } = config
  const channel = openChannel({ address: authAddress })
  stack.defer(() => channel.close())
  const users = makeGrpcClient(UserService, channel)
  const auth = stack.use(
    await connectAuth({ address: authAddress, verification: 'remote', ...(kafka ? { kafka } : {}) }),
  )
  const position = await openPositionFile(config.dataFolder)
  stack.use(followUsers({ auth, users, position, ...reports }))
  const http = fastify()
  stack.defer(() => http.close())
  await http.register(auth.fastify, { default: 'authenticated' })
  addSubscriptionRoutes(http, { auth, users })
  const httpAddress = new URL(await http.listen(config.http)).host
  const started = stack.move()
  const close = () => started.disposeAsync()
  return { httpAddress, close, [Symbol.asyncDispose]: close }
}
