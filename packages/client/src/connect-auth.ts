import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChannelCredentials } from '@grpc/grpc-js'
import { EventService, UserService } from '@immersiverse/auth-contract'
import type { FastifyPluginAsync } from 'fastify'
import { AuthError } from './auth-error.ts'
import { type Events, type EventsOptions, makeEvents } from './events/make-events.ts'
import type { KafkaOptions } from './events/open-kafka-source.ts'
import { makeGrpcClient } from './grpc/make-grpc-client.ts'
import { type Guard, makeGuard } from './grpc/make-guard.ts'
import { makeRemoteVerify } from './grpc/make-remote-verify.ts'
import { awaitReady, openChannel } from './grpc/open-channel.ts'
import { openTokenBatches } from './grpc/open-token-batches.ts'
import type { HttpGuardOptions } from './http/http-parts.ts'
import { type Middleware, makeExpressMiddleware } from './http/make-express-middleware.ts'
import { makeFastifyPlugin } from './http/make-fastify-plugin.ts'
import { type FetchGuardOptions, type FetchHandler, makeFetchGuard } from './http/make-fetch-guard.ts'
import { consoleLogger, type Logger } from './logger.ts'
import { makeAuthorize } from './make-authorize.ts'
import { type LocalVerificationStatus, openLocalVerification } from './open-local-verification.ts'
import type { Principal } from './principal.ts'
import { makeUsers, type Users } from './users/make-users.ts'
import type { VerifyToken } from './verify-token.ts'

/** How a service connects to the auth service. */
export interface ConnectAuthOptions {
  /** `host:port` of the auth service's gRPC listener, or any target of grpc-js. */
  readonly address: string
  /**
   * `remote`: every request is checked by ValidateToken, strictly. `local`: in process, at memory speed; a revoked token is refused
   * within `maxStalenessMs` plus 100 ms whatever fails, in health within milliseconds.
   */
  readonly verification: 'remote' | 'local'
  /** `local`: how old the view of revocations may be, S; default 3,000. An older one is not used: ValidateToken is asked. */
  readonly maxStalenessMs?: number
  /**
   * `local`: where revocations are followed, `watch` (default) over the auth service's WatchRevocations, `kafka` over the topic
   * `token_blacklist`; that needs `kafka`. Both hold the same promise.
   */
  readonly revocations?: 'watch' | 'kafka'
  /** Default: plaintext. For mTLS: `credentials.createSsl(ca, key, cert)` of grpc-js. */
  readonly credentials?: ChannelCredentials
  /** How long one verification or read may take, retries included; default 5,000. */
  readonly deadlineMs?: number
  /** How long `connectAuth` waits for the service to be there before it goes on without; default 5,000. */
  readonly readyTimeoutMs?: number
  /** Verifications that may wait for an answer at once; default 10,000. */
  readonly maxWaiting?: number
  /** Where events are read from; without it they come over the auth service's WatchEvents. */
  readonly kafka?: KafkaOptions
  /** Where faults are reported that no caller waits for; pino fits. Default: standard error. */
  readonly logger?: Logger
}

/** The auth service, as a protected service uses it. */
export interface Auth extends AsyncDisposable {
  /** Puts a check before every handler of a grpc-js service: `server.addService(S, auth.guard(S, handlers, { default }))`. */
  readonly guard: Guard
  /** The Fastify plugin: `fastify.register(auth.fastify, { default: 'authenticated' })`. */
  readonly fastify: FastifyPluginAsync<HttpGuardOptions>
  /** Express middleware: `app.use(auth.express({ default: 'authenticated' }))`. */
  express(options: HttpGuardOptions): Middleware
  /** Wraps a fetch-style handler. */
  fetch<Rest extends unknown[]>(
    handler: FetchHandler<Rest>,
    options: FetchGuardOptions,
  ): (request: Request, ...rest: Rest) => Promise<Response>
  /** Who the request at hand acts for. Throws AuthError UNAUTHENTICATED outside of one that was verified. */
  principal(): Principal
  /** Who the request at hand acts for; undefined on public routes and outside of requests. */
  findPrincipal(): Principal | undefined
  /** Says who a token stands for, outside of guards: WebSockets, jobs. */
  readonly verify: VerifyToken
  /** How verification does, for a health page or a metric. */
  status(): LocalVerificationStatus | { readonly verification: 'remote' }
  readonly users: Users
  /** Begins a consumer of events; nothing is read before its `start()`. */
  events(options: EventsOptions): Events
  /** Ends consumers after the event at hand, then verification and the connection. Idempotent. */
  close(): Promise<void>
}

/**
 * Connects to the auth service. Resolves when it is there, or after `readyTimeoutMs` where it is not yet: guarded requests are then
 * answered UNAVAILABLE until it is. Rejects only for wrong options. Whoever connects closes.
 */
export async function connectAuth(options: ConnectAuthOptions): Promise<Auth> {
  assertOptions(options)
  const { deadlineMs = 5_000, logger = consoleLogger, maxWaiting = 10_000 } = options
  const channel = openChannel(options)
  const batches = openTokenBatches(channel, { deadlineMs, maxWaiting })
  const remote = makeRemoteVerify(batches)
  const local =
    options.verification === 'local'
      ? openLocalVerification({
          channel,
          ask: remote,
          deadlineMs,
          logger,
          maxStalenessMs: options.maxStalenessMs ?? 3_000,
          kafka: options.revocations === 'kafka' ? options.kafka : undefined,
        })
      : undefined
  const verify: VerifyToken = local?.verify ?? remote
  const authorize = makeAuthorize(verify)
  const principals = new AsyncLocalStorage<Principal | undefined>()
  const watch = makeGrpcClient(EventService, channel)
  const running = new Set<AsyncDisposable>()
  const parts = { authorize, principals, logger }

  const close = async (): Promise<void> => {
    await Promise.allSettled([...running].map((consumer) => consumer[Symbol.asyncDispose]()))
    await local?.close()
    batches.close()
    channel.close()
  }
  const readyTimeoutMs = options.readyTimeoutMs ?? 5_000
  const late = AbortSignal.timeout(readyTimeoutMs)
  if (await awaitReady(channel, readyTimeoutMs)) await local?.ready(late)
  else {
    logger.warn(
      { address: options.address },
      'the auth service is not there yet; requests are answered UNAVAILABLE',
    )
  }
  return {
    verify,
    status: () => local?.status() ?? { verification: 'remote' },
    close,
    [Symbol.asyncDispose]: close,
    guard: makeGuard(parts),
    fastify: makeFastifyPlugin(parts),
    express: (guardOptions) => makeExpressMiddleware(parts, guardOptions),
    fetch: (handler, guardOptions) => makeFetchGuard(parts, handler, guardOptions),
    users: makeUsers(makeGrpcClient(UserService, channel, { deadlineMs })),
    events: (eventsOptions) => makeEvents({ watch, kafka: options.kafka, logger, running }, eventsOptions),
    findPrincipal: () => principals.getStore(),
    principal: () => principals.getStore() ?? missing(),
  }
}

function assertOptions({ verification, revocations = 'watch', kafka }: ConnectAuthOptions): void {
  if (verification !== 'remote' && verification !== 'local') {
    throw new TypeError("verification is 'remote' or 'local'")
  }
  if (revocations !== 'watch' && revocations !== 'kafka') {
    throw new TypeError("revocations is 'watch' or 'kafka'")
  }
  if (revocations === 'kafka' && kafka === undefined) {
    throw new TypeError("revocations: 'kafka' needs kafka: { brokers }")
  }
}

function missing(): never {
  throw new AuthError('UNAUTHENTICATED', 'MISSING_ACCESS_TOKEN', 'no verified request is being served here')
}
