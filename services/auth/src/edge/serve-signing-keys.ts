import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Deps } from '../deps.ts'
import { getSigningKeys } from '../use-cases/get-signing-keys.ts'
import { refuseOtherMethods } from './refuse-other-methods.ts'

/** The path of the JWK Set. */
export const signingKeysPath = '/.well-known/jwks.json'

/** Serves the public keys as `application/jwk-set+json` (RFC 7517 §8.5), to be kept as long as `getSigningKeys` says. */
export function serveSigningKeys(app: FastifyInstance, deps: Pick<Deps, 'keyRing' | 'settings'>): void {
  app.get(signingKeysPath, { config: { edgeMethod: signingKeysPath } }, async (request, reply) => {
    const { jwksJson, maxAgeMs } = getSigningKeys(deps)
    const etag = `"${createHash('sha256').update(jwksJson).digest('base64url')}"`
    reply.headers({ etag, 'cache-control': `public, max-age=${Math.floor(maxAgeMs / 1000)}` })
    if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply.type('application/jwk-set+json').send(Buffer.from(jwksJson))
  })
  refuseOtherMethods(app, signingKeysPath, new Set(['GET']))
}

/** RFC 9110 §13.1.2: weak comparison, and `*` is any. */
function matches(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
