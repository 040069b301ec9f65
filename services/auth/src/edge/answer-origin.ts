import type { FastifyReply, FastifyRequest } from 'fastify'

const preflightSeconds = 600

/**
 * Tells a browser what a page of another origin may do (Fetch §3.2): all with credentials where its origin is one of the list, exactly as
 * it stands there, and nothing otherwise. Answers preflights of those origins and says whether it did.
 */
export function answerOrigin(
  origins: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  if (origins.length === 0) return false
  // Also without an origin: what is kept for one must not be given to another.
  reply.header('vary', 'origin')
  const { origin } = request.headers
  if (origin === undefined || !origins.includes(origin)) return false
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-request-id, retry-after, www-authenticate',
  })
  if (!isPreflight(request)) return false
  reply
    .code(204)
    .headers({
      vary: 'origin, access-control-request-method, access-control-request-headers',
      'access-control-allow-methods': 'GET, POST, PATCH, PUT, DELETE',
      'access-control-allow-headers': 'authorization, content-type, traceparent, x-auth-mode',
      'access-control-max-age': String(preflightSeconds),
    })
    .send()
  return true
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}
