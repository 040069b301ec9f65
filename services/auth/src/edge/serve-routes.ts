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
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { UnaryHandlers } from '../rpc/unary-handlers.ts'
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

type Handler = (caller: Caller, request: Message) => Promise<MessageInitShape<DescMessage>>

/**
 * Adds the routes of the services, and 405 for the other methods of their paths.
 * @throws Error where a method with a path has no mark, no handler or a rule that cannot be served.
 */
export function serveRoutes(app: FastifyInstance, deps: SelfDeps, services: readonly ServedService[]): void {
  const handlers = new Map(services.map(([{ typeName }, methods]) => [typeName, methods as object]))
  const routes = listRoutes(services.map(([service]) => service))
  for (const route of routes) {
    const methods = handlers.get(route.method.parent.typeName) as Record<string, Handler | undefined>
    const handler = methods[route.method.localName]
    if (handler === undefined) throw new Error(`${toMethodName(route.method)} has a path and no handler`)
    serveRoute(app, deps, route, handler)
  }
  const urls = Map.groupBy(routes, ({ url }) => url)
  for (const [url, ofUrl] of urls) refuseOtherMethods(app, url, new Set(ofUrl.map(({ verb }) => verb)))
}

function serveRoute(app: FastifyInstance, deps: SelfDeps, route: EdgeRoute, handler: Handler): void {
  const { output } = route.method
  app.route({
    method: route.verb,
    url: route.url,
    config: { edgeMethod: toMethodName(route.method) },
    // Before the body is read: who, then may they, then shape.
    onRequest: (request) => admit(deps, route, request),
    handler: async (request, reply) => {
      const message = toRequest(route, {
        parameters: toParameters(request),
        query: request.url.split(/[?#]/, 2)[1] ?? '',
        body: readBody(request),
      })
      const complete = withBearerToken(message, toAuthorization(request))
      const answer = create(output, await handler(request.edgeCall.caller, complete))
      const cookie = findStateCookie(answer, deps.settings.issuer, deps.clock.now())
      if (cookie !== undefined) reply.header('set-cookie', cookie)
      return sendJson(reply, toJson(output, answer, { alwaysEmitImplicit: true }))
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
