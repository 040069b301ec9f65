import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { type Access, assertAccess } from '../access.ts'
import type { Admission } from '../admission.ts'
import { AuthError } from '../auth-error.ts'
import { makeRequestScope, type RequestScope } from '../live/make-request-scope.ts'
import { endRevokedResponse } from './end-revoked-response.ts'
import type { HttpGuardOptions, HttpParts } from './http-parts.ts'
import { makeWebSocketGuard } from './make-web-socket-guard.ts'
import { toProblem } from './to-problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call this route; default: the auth plugin's `default`. */
    auth?: Access
  }
}

/**
 * Makes the Fastify plugin (Fastify 4 and 5). It guards every route of the instance it is registered on and of that instance's children;
 * a route's `config.auth` overrides `default`, and a value that is no Access stops the start. `principal()` holds in later hooks and in
 * handlers, also after Fastify has parsed a body, and in listeners of a WebSocket. Refusals are problem documents with 401, 403 or 503.
 * When a caller is revoked, responses that stream are destroyed and WebSockets of @fastify/websocket closed.
 */
export function makeFastifyPlugin({
  authorize,
  scopes,
  calls,
}: HttpParts): FastifyPluginAsync<HttpGuardOptions> {
  const guardWebSocket = makeWebSocketGuard()
  const plugin: FastifyPluginAsync<HttpGuardOptions> = async (fastify, options) => {
    assertAccess(options.default, 'default')
    const verified = new WeakMap<FastifyRequest, RequestScope>()

    const admit = (request: FastifyRequest, reply: FastifyReply, admission: Admission) => {
      const scope = makeRequestScope(calls, admission)
      verified.set(request, scope)
      endRevokedResponse(reply.raw, scope)
      if (request.raw.headers.upgrade !== undefined) guardWebSocket(request, scope)
      return scope
    }
    fastify.addHook('onRoute', (route) => {
      if (route.config?.auth !== undefined) assertAccess(route.config.auth, `${route.method} ${route.url}`)
    })
    fastify.addHook('onRequest', (request, reply, next) => {
      const access = request.routeOptions.config?.auth ?? options.default
      authorize(request.headers.authorization, access).then(
        (admission) => scopes.run(admission && admit(request, reply, admission), next),
        (error: unknown) => (error instanceof AuthError ? refuse(reply, error) : next(error as Error)),
      )
    })
    // Reading a body ends in the socket's asynchronous context, and so does a response: enter the request's again.
    fastify.addHook('preValidation', (request, _reply, next) => scopes.run(verified.get(request), next))
    fastify.addHook('onResponse', (request, _reply, next) => scopes.run(verified.get(request), next))
  }
  // What fastify-plugin sets: the hooks belong to the registering instance, not to a child of it.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@immersiverse/auth-client',
  })
}

function refuse(reply: FastifyReply, error: AuthError): void {
  const problem = toProblem(error)
  reply.code(problem.status).headers(problem.headers).send(problem.body)
}
