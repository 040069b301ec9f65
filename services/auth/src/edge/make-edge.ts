import type { DescService } from '@bufbuild/protobuf'
import { bounds } from '@immersiverse/auth-contract'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Deps, Log } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'
import { noProxies, type TrustedProxies } from '../domain/trusted-proxies.ts'
import type { HttpLimits } from '../rpc/limits/transport-limits.ts'
import type { UnaryHandlers } from '../rpc/unary-handlers.ts'
import { answerBrokenRequest } from './answer-broken-request.ts'
import { answerOrigin } from './answer-origin.ts'
import type { EdgeCall } from './edge-call.ts'
import { fromFastifyError } from './from-fastify-error.ts'
import { logRefusal } from './log-refusal.ts'
import type { Metrics } from './metrics.ts'
import { toSecurityHeaders } from './security-headers.ts'
import { servePlatformCallback } from './serve-platform-callback.ts'
import { type ServedService, serveRoutes } from './serve-routes.ts'
import { serveSigningKeys } from './serve-signing-keys.ts'
import { toOrigin } from './to-origin.ts'
import { toProblem } from './to-problem.ts'
import { toServerSettings } from './to-server-settings.ts'

/** What the edge uses. */
export type EdgeDeps = Pick<
  Deps,
  | 'clock'
  | 'database'
  | 'keyRing'
  | 'newId'
  | 'platforms'
  | 'random'
  | 'seal'
  | 'sessionLookup'
  | 'settings'
  | 'verifier'
  | 'write'
>

/** Descriptors with their handlers, each pair checked against the other. */
export type ServedServices<T extends readonly DescService[]> = {
  readonly [I in keyof T]: readonly [T[I], UnaryHandlers<T[I]>]
}

/** What the edge is made of. */
export interface EdgeOptions<T extends readonly DescService[]> {
  readonly deps: EdgeDeps
  readonly services: ServedServices<T>
  readonly logger: Log
  readonly metrics: Pick<Metrics, 'observeCall'>
  /** Who is believed about the address of a call; nobody by default. */
  readonly proxies?: TrustedProxies
  /** Told of every call that was refused; must not throw. */
  readonly onCallRefused?: (call: EdgeCall & { readonly error: AuthError }) => void
  readonly limits: HttpLimits
  /** Whose pages may use the edge from a browser, beside the issuer's own. */
  readonly origins: readonly string[]
}

/** The edge before it listens. While `state.isClosing`, requests on open connections are refused as SHUTTING_DOWN. */
export function makeEdge<const T extends readonly DescService[]>(
  options: EdgeOptions<T>,
  state: { readonly isClosing: boolean } = { isClosing: false },
): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: bounds.messageBytes,
    ...toServerSettings(options.limits),
    genReqId: () => options.deps.newId(),
    requestIdHeader: false,
    return503OnClosing: false,
    // As long as a request line can be: what is no id is for the use-case to say.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (error, request, reply) => {
      reply.headers(toSecurityHeaders(options.deps.settings.issuer))
      startCall(options, request, reply)
      refuse(request, reply, error)
      finishCall(options, request)
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(options.logger, error, socket),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.decorateRequest('edgeCall')
  addHooks(app, options, state)
  app.setErrorHandler((error, request, reply) => refuse(request, reply, error))
  // The pairs were checked where they were given.
  serveRoutes(app, options.deps, options.origins, options.services as unknown as readonly ServedService[])
  serveSigningKeys(app, options.deps)
  servePlatformCallback(app, options.deps)
  return app
}

type CallOptions = Pick<
  EdgeOptions<readonly DescService[]>,
  'deps' | 'logger' | 'metrics' | 'proxies' | 'onCallRefused' | 'origins'
>

function addHooks(app: FastifyInstance, options: CallOptions, state: { readonly isClosing: boolean }): void {
  const headers = toSecurityHeaders(options.deps.settings.issuer)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    startCall(options, request, reply)
    if (state.isClosing) throw new AuthError('SHUTTING_DOWN')
    // A variable takes a segment of one character at least.
    const isEmpty = Object.values(request.params ?? {}).includes('')
    const isPreflight = answerOrigin(options.origins, request, reply)
    if (isPreflight) return reply
    if (request.is404 || isEmpty) throw new AuthError('ROUTE_NOT_FOUND')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (state.isClosing) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request) => finishCall(options, request))
}

function startCall(
  { deps, proxies = noProxies }: CallOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  request.edgeCall = {
    method: request.routeOptions.config?.edgeMethod ?? 'unmatched',
    caller: {
      kind: 'anonymous',
      origin: {
        ...toOrigin(request.raw, proxies),
        requestId: request.id,
        isAbandoned: () => request.raw.socket.destroyed,
      },
    },
    startMs: deps.clock.monotonicMs(),
  }
  // Answers hold tokens or personal data; what may be kept says so itself.
  reply.headers({
    'x-request-id': request.id,
    'cache-control': 'no-store',
  })
}

function refuse(request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
  const error = fromFastifyError(thrown)
  request.edgeCall.error = error
  const { status, headers, body } = toProblem(error)
  // A cacheable route that failed is not cacheable. As bytes: fastify would add a charset to text.
  reply
    .code(status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .send(Buffer.from(body))
}

function finishCall(
  { deps, logger, metrics, onCallRefused }: CallOptions,
  { edgeCall, id }: FastifyRequest,
): void {
  logRefusal(logger, edgeCall, id)
  const { error } = edgeCall
  if (error) onCallRefused?.({ ...edgeCall, error })
  metrics.observeCall('edge', edgeCall, deps.clock.monotonicMs() - edgeCall.startMs)
}
