import { RpcError } from '@immersiverse/auth-client'
import type { FastifyInstance } from 'fastify'
import { type Plan, plans } from './plans.ts'
import { type UpgradeParts, upgradePlan } from './upgrade-plan.ts'

const wantedPlan = {
  type: 'object',
  required: ['plan'],
  properties: { plan: { enum: plans } },
}

/** Adds `POST /subscriptions/upgrade`; whoever registers `auth.fastify` on the same instance has it guarded. */
export function addSubscriptionRoutes(http: FastifyInstance, parts: UpgradeParts): void {
  http.post<{ Body: { plan: Plan } }>('/subscriptions/upgrade', { schema: { body: wantedPlan } }, (request) =>
    upgradePlan(parts, request.body.plan),
  )
  http.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof RpcError)) return reply.send(error)
    if (error.reason === 'USER_NOT_FOUND') return reply.code(404).send({ error: 'there is no such user' })
    return reply.code(503).header('retry-after', '1').send({ error: 'try again' })
  })
}
