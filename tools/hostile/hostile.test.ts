import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ServingProcess, startAuthProcess } from '../../services/auth/test/start-auth-process.ts'
import { attacks } from './attacks/attacks.ts'
import { findHarm } from './judge-attack.ts'
import { type GoodClient, openGoodClient } from './open-good-client.ts'
import { collecting } from './read-service.ts'
import { runAttack } from './run-attack.ts'

/** Longer than the service's own, however busy the machine. */
const patienceMs = 30_000

/** Outcomes only: how long a good client waits meanwhile, `npm run hostile` says. */
describe('hostile clients, in the short form', () => {
  let service: ServingProcess
  let client: GoodClient
  before(async () => {
    // Short, so that what is slow is seen to be cut off.
    service = await startAuthProcess({
      AUTH_GRPC_HANDSHAKE_TIMEOUT: '1s',
      AUTH_GRPC_DEADLINE: '1s',
      AUTH_EDGE_REQUEST_TIMEOUT: '2s',
      AUTH_GRPC_MAX_CONNECTIONS: '300',
      // So that a slow machine comes to them as well.
      AUTH_GRPC_CONNECTION_RATE: '100/10s',
      AUTH_EDGE_CONNECTION_RATE: '100/10s',
      ...collecting,
    })
    client = await openGoodClient(service)
  })
  after(async () => {
    await client[Symbol.asyncDispose]()
    await service.kill()
  })

  for (const attack of attacks) {
    test(`${attack.name} (${attack.what}): no call of a good client fails, and nothing is left of it`, async () => {
      const result = await runAttack(attack, {
        target: service,
        client,
        rounds: 1,
        phaseMs: 1_000,
        patienceMs,
      })
      assert.deepEqual(findHarm(result, true), [], JSON.stringify(result.tally))
    })
  }
})
