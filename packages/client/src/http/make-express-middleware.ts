import type { IncomingMessage, ServerResponse } from 'node:http'
import { assertAccess } from '../access.ts'
import { AuthError } from '../auth-error.ts'
import { bindListeners } from '../bind-listeners.ts'
import { makeRequestScope } from '../live/make-request-scope.ts'
import { endRevokedResponse } from './end-revoked-response.ts'
import type { HttpGuardOptions, HttpParts } from './http-parts.ts'
import { toProblem } from './to-problem.ts'

/** A middleware of Express, Connect, Polka and others with their signature. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Makes Express middleware (Express 4 and 5): `app.use(auth.express({ default: 'authenticated' }))`, or before one route's handler with
 * the access of that route. `principal()` holds in everything after it, body parsers and listeners on request and response included.
 * Refusals are problem documents with 401, 403 or 503; a response that streams is destroyed when its caller is revoked. Throws TypeError
 * for an access that is none.
 */
export function makeExpressMiddleware(
  { authorize, scopes, calls }: HttpParts,
  options: HttpGuardOptions,
): Middleware {
  assertAccess(options.default, 'default')
  return (request, response, next) => {
    authorize(request.headers.authorization, options.default).then(
      (admission) => {
        const scope = admission && makeRequestScope(calls, admission)
        if (scope !== undefined) endRevokedResponse(response, scope)
        scopes.run(scope, () => {
          bindListeners(request)
          bindListeners(response)
          next()
        })
      },
      (error: unknown) => {
        if (!(error instanceof AuthError)) return next(error)
        const problem = toProblem(error)
        response.writeHead(problem.status, problem.headers).end(problem.body)
      },
    )
  }
}
