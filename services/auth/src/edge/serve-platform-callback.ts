import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'
import { finishPlatformConnection } from '../use-cases/finish-platform-connection.ts'
import { fromFastifyError } from './from-fastify-error.ts'
import { refuseOtherMethods } from './refuse-other-methods.ts'
import { endStateCookie, hasStateCookie } from './state-cookie.ts'
import { callbackStyleHash, toCallbackPage } from './to-callback-page.ts'
import { toHttpStatus } from './to-http-status.ts'

/** The path of the callback page, also in `PLATFORM_REDIRECT_URIS`. */
export const platformCallbackPath = '/v1/platform-callback'

type CallbackDeps = Parameters<typeof finishPlatformConnection>[0] & Pick<Deps, 'settings'>

/** A page that runs nothing, loads nothing, is framed by nobody and tells nobody where it was called from. */
const headers = Object.freeze({
  'content-security-policy': `default-src 'none'; style-src ${callbackStyleHash}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'content-type': 'text/html; charset=utf-8',
})

/** Serves the page to which platforms send people back: it finishes the connection and says what came of it. */
export function servePlatformCallback(app: FastifyInstance, deps: CallbackDeps): void {
  app.get(platformCallbackPath, { config: { edgeMethod: platformCallbackPath } }, async (request, reply) => {
    const query = new URLSearchParams(request.url.split(/[?#]/, 2)[1] ?? '')
    const state = query.get('state') ?? ''
    reply.headers(headers).header('set-cookie', endStateCookie(state, deps.settings.issuer))
    try {
      const { account, title } = await finish(deps, request, query)
      return sendPage(reply, 200, { title, username: account.username })
    } catch (thrown) {
      const error = fromFastifyError(thrown)
      request.edgeCall.error = error
      return sendPage(reply, toHttpStatus(error), { reason: error.reason })
    }
  })
  refuseOtherMethods(app, platformCallbackPath, new Set(['GET']))
}

/** A parameter that comes twice is nobody's (RFC 6749 §3.1). */
function finish(deps: CallbackDeps, request: FastifyRequest, query: URLSearchParams) {
  const names = ['code', 'state', 'iss', 'error']
  const state = query.get('state') ?? ''
  const isPlain = names.every((name) => query.getAll(name).length <= 1)
  if (!isPlain || !hasStateCookie(request.headers.cookie, state, deps.settings.issuer)) {
    throw new AuthError('PLATFORM_STATE_INVALID')
  }
  return finishPlatformConnection(deps, request.edgeCall.caller, {
    authCode: query.get('code') ?? '',
    state,
    iss: query.get('iss') ?? '',
    refused: query.has('error'),
  })
}

function sendPage(
  reply: FastifyReply,
  status: number,
  outcome: Parameters<typeof toCallbackPage>[0],
): FastifyReply {
  return reply.code(status).send(Buffer.from(toCallbackPage(outcome)))
}
