import {
  create,
  type DescMessage,
  type DescService,
  type JsonValue,
  type Message,
  type MessageInitShape,
  toJson,
} from '@bufbuild/protobuf'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { UnaryHandlers } from '../rpc/unary-handlers.ts'
import { findCookieMode } from './cookie-mode.ts'
import { findDeviceCookie, withDeviceCookie } from './device-cookie.ts'
import { type EdgeRoute, listRoutes } from './list-routes.ts'
import { readBody } from './read-body.ts'
import { refuseOtherMethods } from './refuse-other-methods.ts'
import { requireSelf, type SelfDeps } from './require-self.ts'
import { findStateCookie } from './state-cookie.ts'
import { toMethodName } from './to-method-name.ts'
import { toRequest } from './to-request.ts'
import { findVariable } from './to-route.ts'
import { withBearerToken } from './with-bearer-token.ts'

/** A service's descriptor and what answers its unary methods. */
export type ServedService<S extends DescService = DescService> = readonly [S, UnaryHandlers<S>]

/** What routes use of the service's parts. */
export type RouteDeps = SelfDeps & Pick<Deps, 'clock' | 'settings'>

type Handler = (caller: Caller, request: Message) => Promise<MessageInitShape<DescMessage>>

/**
 * Adds the routes of the services, and 405 for the other methods of their paths.
 * @throws Error where a method with a path has no mark, no handler or a rule that cannot be served.
 */
export function serveRoutes(
  app: FastifyInstance,
  deps: RouteDeps,
  origins: readonly string[],
  services: readonly ServedService[],
): void {
  const handlers = new Map(services.map(([{ typeName }, methods]) => [typeName, methods as object]))
  const routes = listRoutes(services.map(([service]) => service))
  for (const route of routes) {
    const methods = handlers.get(route.method.parent.typeName) as Record<string, Handler | undefined>
    const handler = methods[route.method.localName]
    if (handler === undefined) throw new Error(`${toMethodName(route.method)} has a path and no handler`)
    serveRoute(app, { deps, origins }, route, handler)
  }
  const urls = Map.groupBy(routes, ({ url }) => url)
  for (const [url, ofUrl] of urls) refuseOtherMethods(app, url, new Set(ofUrl.map(({ verb }) => verb)))
}

interface RouteContext {
  readonly deps: RouteDeps
  readonly origins: readonly string[]
}

function serveRoute(
  app: FastifyInstance,
  { deps, origins }: RouteContext,
  route: EdgeRoute,
  handler: Handler,
): void {
  const { output } = route.method
  const cookies = { clock: deps.clock, issuer: deps.settings.issuer, origins }
  app.route({
    method: route.verb,
    url: route.url,
    config: { edgeMethod: toMethodName(route.method) },
    // Before the body is read: who, then may they, then shape.
    onRequest: (request) => admit(deps, route, request),
    handler: async (request, reply) => {
      const cookieMode = findCookieMode(cookies, route.method, request, reply)
      const message = toRequest(route, {
        parameters: toParameters(request),
        query: request.url.split(/[?#]/, 2)[1] ?? '',
        body: readBody(request),
      })
      const withCookie = cookieMode?.withCookie(message) ?? message
      const withToken = withBearerToken(withCookie, toAuthorization(request))
      const complete = withDeviceCookie(withToken, request.headers.cookie)
      const answer = create(output, await handler(request.edgeCall.caller, complete))
      const deviceCookie = findDeviceCookie(answer, deps.settings.issuer)
      if (deviceCookie !== undefined) reply.header('set-cookie', deviceCookie)
      const stateCookie = findStateCookie(answer, deps.settings.issuer, deps.clock.now())
      if (stateCookie !== undefined) reply.header('set-cookie', stateCookie)
      const told = cookieMode?.toCookie(answer) ?? answer
      return sendJson(reply, toJson(output, told, { alwaysEmitImplicit: true }))
    },
  })
}

async function admit(deps: SelfDeps, route: EdgeRoute, request: FastifyRequest): Promise<void> {
  if (route.access === 'anon') return
  const userId = findVariable(route, 'user_id')
  if (userId === undefined) throw new AuthError('NOT_SELF')
  await requireSelf(
    deps,
    request.edgeCall,
    toAuthorization(request),
    toParameters(request)[userId.parameter] ?? '',
    route.others,
  )
}

function toParameters(request: FastifyRequest): Readonly<Record<string, string>> {
  return request.params as Readonly<Record<string, string>>
}

/** All values: Node keeps only the first in `headers`. */
function toAuthorization(request: FastifyRequest): readonly string[] | undefined {
  const { authorization } = request.headers
  return (
    request.raw.headersDistinct?.authorization ?? (authorization === undefined ? undefined : [authorization])
  )
}

function sendJson(reply: FastifyReply, json: JsonValue): FastifyReply {
  // As bytes: fastify would add a charset to text, and the media type has none (RFC 8259 §11).
  return reply.type('application/json').send(Buffer.from(JSON.stringify(json)))
}
