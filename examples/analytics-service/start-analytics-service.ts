import { connectAuth } from '@immersiverse/auth-client'
import fastify from 'fastify'
import { followEvents } from './follow-events.ts'
import { openCounts } from './open-counts.ts'
import type { AnalyticsConfig } from './read-analytics-config.ts'

/** A running analytics service. */
export interface AnalyticsService extends AsyncDisposable {
  /** `host:port`. */
  readonly httpAddress: string
  /** Handles the event at hand, lets requests finish, then closes everything. */
  close(): Promise<void>
}

/** Starts the analytics service, also while the authentication service is not there yet. `onError`: it is of no use any more. */
export async function startAnalyticsService(
  config: AnalyticsConfig,
  onError: (error: unknown) => void,
): Promise<AnalyticsService> {
  await using stack = new AsyncDisposableStack()
  const { authAddress: address, kafka } = config
  const auth = stack.use(await connectAuth({ address, verification: 'local', ...(kafka ? { kafka } : {}) }))
  const counts = await openCounts(config.dataFolder)
  stack.use(followEvents(auth, counts, onError))
  const http = fastify()
  stack.defer(() => http.close())
  await http.register(auth.fastify, { default: { roles: ['viewer'] } })
  http.get('/stats', () => counts.stats())
  const httpAddress = new URL(await http.listen(config.http)).host
  const started = stack.move()
  const close = () => started.disposeAsync()
  return { httpAddress, close, [Symbol.asyncDispose]: close }
}
