import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Deps } from '../deps.ts'
import { refuseOtherMethods } from './refuse-other-methods.ts'

/** The path of the JWK Set. */
export const signingKeysPath = '/.well-known/jwks.json'

/** Serves the public keys as `application/jwk-set+json` (RFC 7517 §8.5), to be kept as long as the settings say. */
export function serveSigningKeys(app: FastifyInstance, deps: Pick<Deps, 'keyRing' | 'settings'>): void {
  app.get(signingKeysPath, { config: { edgeMethod: signingKeysPath } }, async (request, reply) => {
    const { jwksJson } = deps.keyRing
    const etag = `"${createHash('sha256').update(jwksJson).digest('base64url')}"`
    const maxAgeSeconds = Math.floor(deps.settings.keyTimes.publishedMaxAgeMs / 1000)
    reply.headers({ etag, 'cache-control': `public, max-age=${maxAgeSeconds}` })
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
