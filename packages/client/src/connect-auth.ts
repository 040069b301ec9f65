import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChannelCredentials, Client } from '@grpc/grpc-js'
import { AuthService, EventService, UserService } from '@immersiverse/auth-contract'
import type { FastifyPluginAsync } from 'fastify'
import type { AccessRules } from './access.ts'
import { AuthError } from './auth-error.ts'
import type { KafkaOptions } from './events/kafka-options.ts'
import { type Events, type EventsOptions, makeEvents } from './events/make-events.ts'
import type { AssertionOptions } from './grpc/make-assertions.ts'
import { makeGrpcClient } from './grpc/make-grpc-client.ts'
import { type Guard, makeGuard } from './grpc/make-guard.ts'
import { makeRemoteVerify } from './grpc/make-remote-verify.ts'
import { makeRevocationSource } from './grpc/make-revocation-source.ts'
import { awaitReady, openChannel } from './grpc/open-channel.ts'
import { openTokenBatches } from './grpc/open-token-batches.ts'
import type { TlsOptions } from './grpc/tls-options.ts'
import type { HttpGuardOptions } from './http/http-parts.ts'
import { type Middleware, makeExpressMiddleware } from './http/make-express-middleware.ts'
import { makeFastifyPlugin } from './http/make-fastify-plugin.ts'
import { type FetchGuardOptions, type FetchHandler, makeFetchGuard } from './http/make-fetch-guard.ts'
import type { LiveCall, LiveCallsStatus } from './live/live-call.ts'
import type { RequestScope } from './live/make-request-scope.ts'
import { openLiveCalls } from './live/open-live-calls.ts'
import { consoleLogger, type Logger } from './logger.ts'
import { makeAuthorize } from './make-authorize.ts'
import { makeReports } from './metrics/make-reports.ts'
import type { MetricsRegistry } from './metrics/register-metrics.ts'
import {
  type LocalVerification,
  type LocalVerificationStatus,
  openLocalVerification,
} from './open-local-verification.ts'
import { type OpenedUsers, type OpenUsersOptions, openUsers } from './open-users.ts'
import type { Principal } from './principal.ts'
import { makeUsers, type Users } from './users/make-users.ts'
import type { CachedUsers } from './users/open-cached-users.ts'
import { openUserFollowing, type UserFollowing } from './users/open-user-following.ts'
import type { UserCacheOptions, UserCacheStatus } from './users/user-cache-options.ts'
import type { UserProjection } from './users/user-projection.ts'
import { readClock, systemClock } from './verifier/clock.ts'
import type { VerifyToken, VerifyTokenOptions } from './verify-token.ts'

/** How a service connects to the auth service. */
export interface ConnectAuthOptions {
  /** `host:port` of the auth service's gRPC listener, or any target of grpc-js. */
  readonly address: string
  /**
   * `remote`: every request is checked by ValidateToken, strictly. `local`: in process, at memory speed; a revoked token is refused
   * within `maxStalenessMs` plus 100 ms whatever fails, in health within milliseconds.
   */
  readonly verification: 'remote' | 'local'
  /**
   * S, default 3,000. `local`: how old the view of revocations may be; an older one is not used: ValidateToken is asked. Both: open streams
   * of a revoked caller end within it.
   */
  readonly maxStalenessMs?: number
  /**
   * `local`: where revocations are followed, `watch` (default) over the auth service's WatchRevocations, `kafka` over the topic
   * `token_blacklist`; that needs `kafka`. Both hold the same promise.
   */
  readonly revocations?: 'watch' | 'kafka'
  /**
   * mTLS: this service's certificate and key, and the authorities of the auth service's; paths, or PEM as bytes. Files are looked at every 5
   * seconds, and what is new in them is used without a restart. Default: plaintext, which the auth service takes on loopback only.
   */
  readonly tls?: TlsOptions
  /** For a service without a certificate: assertions signed with its key, which `authctl callers add` makes. Needs `tls: { ca }`, or loopback. */
  readonly assertion?: AssertionOptions
  /** Instead of `tls`, credentials of grpc-js, which do not change. */
  readonly credentials?: ChannelCredentials
  /** How long one verification or read may take, retries included; default 5,000. */
  readonly deadlineMs?: number
  /** How long `connectAuth` waits for the service to be there before it goes on without; default 5,000. */
  readonly readyTimeoutMs?: number
  /** Verifications that may wait for an answer at once; default 10,000. */
  readonly maxWaiting?: number
  /**
   * `direct` (default): every read of a user asks the service. `cached`, or the cache's options: users are kept in memory, up to date by
   * events, and nobody is served as active later than S after being suspended or deleted; cached users have no e-mail address.
   */
  readonly users?: 'direct' | 'cached' | UserCacheOptions
  /** Where events are read from; without it they come over the auth service's WatchEvents. */
  readonly kafka?: KafkaOptions
  /** Where faults are reported that no caller waits for; pino fits. Default: standard error. */
  readonly logger?: Logger
}

/** How verification does, and the calls that are open. */
export type AuthStatus = (LocalVerificationStatus | { readonly verification: 'remote' }) & {
  readonly calls: LiveCallsStatus
  /** Of the cache of users, where there is one. */
  readonly users?: UserCacheStatus
}

/** What one live call may ask; `onExpiry` as in the rules of a route. */
export type LiveCallOptions = VerifyTokenOptions & Pick<AccessRules, 'onExpiry'>

/** The auth service, as a protected service uses it; `U`: its reads of users, `CachedUsers` where they are cached. */
export interface Auth<U = Users> extends AsyncDisposable {
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
  /**
   * Aborted, with an AuthError as its reason, when the caller of the request at hand is revoked before the request is over. For what goes on
   * below a guard: loops, calls to elsewhere. Throws AuthError UNAUTHENTICATED outside of a verified request.
   */
  revocationSignal(): AbortSignal
  /**
   * Verifies a token and watches it until the call is closed, for what no guard sees: sockets of any kind, jobs. Rejects as `verify` does;
   * later `signal` is aborted with the AuthError.
   */
  openLiveCall(token: string, options?: LiveCallOptions): Promise<LiveCall>
  /** How verification does, for a health page. */
  status(): AuthStatus
  /** The same for Prometheus, in its text format (version 0.0.4), which is OpenMetrics' too but for the closing line. */
  metrics(): string
  /** Adds the same metrics to a registry of prom-client, read anew at each scrape. */
  registerMetrics(registry: MetricsRegistry): void
  readonly users: U
  /** Begins a consumer of events; nothing is read before its `start()`. */
  events(options: EventsOptions): Events
  /**
   * Keeps a table of the service's own up to date with all users, such as `makePostgresUserProjection({ pool })`, until it is closed. It reads
   * `auth.state.users` in the background and takes up where the table stands. Throws TypeError without `kafka`.
   */
  followUsers(options: { readonly into: UserProjection }): UserFollowing
  /** Ends consumers after the event at hand, then verification and the connection. Idempotent. */
  close(): Promise<void>
}

/**
 * Connects to the auth service. Resolves when it is there, or after `readyTimeoutMs` where it is not yet: guarded requests are then
 * answered UNAVAILABLE until it is. Rejects only for wrong options. Whoever connects closes.
 */
export function connectAuth<O extends ConnectAuthOptions>(
  options: O,
): Promise<Auth<O extends { readonly users: 'cached' | UserCacheOptions } ? CachedUsers : Users>>
export async function connectAuth(options: ConnectAuthOptions): Promise<Auth<Users | CachedUsers>> {
  assertOptions(options)
  const { deadlineMs = 5_000, logger = consoleLogger, maxStalenessMs = 3_000, maxWaiting = 10_000 } = options
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
          maxStalenessMs,
          kafka: options.revocations === 'kafka' ? options.kafka : undefined,
          onEntry: (entry) => {
            calls.hear(entry)
            cache?.hear(entry)
          },
          onBegin: (epoch) => cache?.begin(epoch),
        })
      : undefined
  const calls = openLiveCalls({
    clock: systemClock,
    logger,
    maxStalenessMs,
    revocations: local?.revocations,
    ask: local?.ask ?? remote,
  })
  const cache = openCache(options, { channel, deadlineMs, logger, maxStalenessMs }, local)
  const verify: VerifyToken = local?.verify ?? remote
  const authorize = makeAuthorize(verify, systemClock)
  const scopes = new AsyncLocalStorage<RequestScope | undefined>()
  const watch = makeGrpcClient(EventService, channel)
  const running = new Set<AsyncDisposable>()
  const parts = { authorize, scopes, calls, logger }
  const close = async (): Promise<void> => {
    await Promise.allSettled([...running].map((consumer) => consumer[Symbol.asyncDispose]()))
    calls.close()
    await cache?.close()
    await local?.close()
    batches.close()
    channel.close()
  }
  await awaitService(options, channel, local, logger)
  return {
    verify,
    openLiveCall: async (token, rules = {}) => {
      const askedAt = readClock(systemClock)
      return calls.open({ principal: await verify(token, rules), token, rules, askedAt }, () => undefined)
    },
    ...makeReports(local, calls, cache),
    close,
    [Symbol.asyncDispose]: close,
    guard: makeGuard(parts),
    fastify: makeFastifyPlugin(parts),
    express: (guardOptions) => makeExpressMiddleware(parts, guardOptions),
    fetch: (handler, guardOptions) => makeFetchGuard(parts, handler, guardOptions),
    users: cache?.users ?? makeUsers(makeGrpcClient(UserService, channel, { deadlineMs })),
    events: (eventsOptions) => makeEvents({ watch, kafka: options.kafka, logger, running }, eventsOptions),
    followUsers: ({ into }) => openFollowing(options, { channel, deadlineMs, logger, running }, into),
    findPrincipal: () => scopes.getStore()?.principal,
    principal: () => (scopes.getStore() ?? missing()).principal,
    revocationSignal: () => (scopes.getStore() ?? missing()).revocationSignal,
  }
}

/** Waits until requests can be answered; where that takes too long, goes on and says so. */
async function awaitService(
  { address, readyTimeoutMs = 5_000 }: ConnectAuthOptions,
  channel: Client,
  local: LocalVerification | undefined,
  logger: Logger,
): Promise<void> {
  const late = AbortSignal.timeout(readyTimeoutMs)
  if (await awaitReady(channel, readyTimeoutMs)) await local?.ready(late)
  else logger.warn({ address }, 'the auth service is not there yet; requests are answered UNAVAILABLE')
}

type CacheParts = Pick<OpenUsersOptions, 'channel' | 'deadlineMs' | 'logger' | 'maxStalenessMs'>

function openCache(
  { users = 'direct', kafka, revocations }: ConnectAuthOptions,
  parts: CacheParts,
  local: LocalVerification | undefined,
): OpenedUsers | undefined {
  if (users === 'direct') return undefined
  return openUsers({
    ...parts,
    ...(users === 'cached' ? {} : users),
    kafka,
    hearsKafka: revocations === 'kafka',
    revocations: local?.revocations,
  })
}

type FollowingParts = Pick<OpenUsersOptions, 'channel' | 'deadlineMs' | 'logger'> & {
  readonly running: Set<AsyncDisposable>
}

function openFollowing(
  { kafka }: ConnectAuthOptions,
  { channel, deadlineMs, logger, running }: FollowingParts,
  into: UserProjection,
): UserFollowing {
  if (kafka === undefined) throw new TypeError('followUsers needs kafka: { brokers }')
  const { status } = makeRevocationSource(makeGrpcClient(AuthService, channel, { deadlineMs }))
  return openUserFollowing({ into, kafka, status, clock: systemClock, logger, running })
}

function assertOptions(options: ConnectAuthOptions): void {
  const { verification, revocations = 'watch', kafka, users = 'direct' } = options

  if (verification !== 'remote' && verification !== 'local') {
    throw new TypeError("verification is 'remote' or 'local'")
  }
  if (revocations !== 'watch' && revocations !== 'kafka') {
    throw new TypeError("revocations is 'watch' or 'kafka'")
  }
  if (users !== 'direct' && users !== 'cached' && (typeof users !== 'object' || users === null)) {
    throw new TypeError("users is 'direct', 'cached' or the options of the cache")
  }
  const source = typeof users === 'object' ? (users.source ?? 'list') : 'list'
  if (source !== 'list' && source !== 'kafka') throw new TypeError("users.source is 'list' or 'kafka'")
  if (source === 'kafka' && kafka === undefined) {
    throw new TypeError("users: { source: 'kafka' } needs kafka: { brokers }")
  }
  if (revocations === 'kafka' && kafka === undefined) {
    throw new TypeError("revocations: 'kafka' needs kafka: { brokers }")
  }
}

function missing(): never {
  throw new AuthError('UNAUTHENTICATED', 'MISSING_ACCESS_TOKEN', 'no verified request is being served here')
}
