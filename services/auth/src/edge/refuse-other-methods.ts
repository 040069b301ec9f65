import type { FastifyInstance } from 'fastify'
import { HttpRefusal } from './http-refusal.ts'

/** Answers 405 with `Allow` (RFC 9110 §15.5.6) for every method of a path that none of its routes takes. */
export function refuseOtherMethods(app: FastifyInstance, url: string, taken: ReadonlySet<string>): void {
  const allowed = [...taken, ...(taken.has('GET') ? ['HEAD'] : [])].sort()
  const others = app.supportedMethods.filter((method) => !allowed.includes(method))
  const refusal = { status: 405, headers: { allow: allowed.join(', ') } }
  const refuse = async () => {
    throw new HttpRefusal('ROUTE_NOT_FOUND', refusal, { metadata: { allow: allowed.join(', ') } })
  }
  app.route({ method: others, url, onRequest: refuse, handler: refuse })
}
