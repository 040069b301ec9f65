import { type Access, assertAccess } from '../access.ts'
import { AuthError } from '../auth-error.ts'
import { makeRequestScope } from '../live/make-request-scope.ts'
import { endRevokedBody } from './end-revoked-body.ts'
import type { HttpGuardOptions, HttpParts } from './http-parts.ts'
import { toProblem } from './to-problem.ts'

/** Options of a guarded fetch handler. */
export interface FetchGuardOptions extends HttpGuardOptions {
  /** Who may make this request; undefined: `default`. */
  readonly access?: (request: Request) => Access | undefined
}

/** A handler in the style of fetch, such as Hono's `app.fetch`, with whatever else its server hands it. */
export type FetchHandler<Rest extends unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Wraps a fetch-style handler: it runs for verified requests with `principal()` set, others get a problem document with 401, 403 or 503.
 * A body that is still being read when its caller is revoked fails with the AuthError. Throws TypeError for a `default` that is no
 * access, and rejects where `access` gives one that is none.
 */
export function makeFetchGuard<Rest extends unknown[]>(
  { authorize, scopes, calls }: HttpParts,
  handler: FetchHandler<Rest>,
  options: FetchGuardOptions,
): (request: Request, ...rest: Rest) => Promise<Response> {
  assertAccess(options.default, 'default')
  return async (request, ...rest) => {
    const access = options.access?.(request) ?? options.default
    assertAccess(access, 'access')
    let admission: Awaited<ReturnType<typeof authorize>>
    try {
      admission = await authorize(request.headers.get('authorization'), access)
    } catch (error) {
      if (!(error instanceof AuthError)) throw error
      const problem = toProblem(error)
      return new Response(problem.body, { status: problem.status, headers: problem.headers })
    }
    if (admission === undefined) return scopes.run(undefined, () => handler(request, ...rest))
    const scope = makeRequestScope(calls, admission)
    try {
      const response = await scopes.run(scope, () => handler(request, ...rest))
      return endRevokedBody(response, scope)
    } catch (error) {
      scope.close()
      throw error
    }
  }
}
