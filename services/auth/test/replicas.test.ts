import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../../../tools/parts/create-test-database.ts'
import { sharedPostgres } from '../../../tools/parts/shared-postgres.ts'
import { openModelInRealTime } from '../../../tools/simulate/model-database/testing.ts'
import { connect, openTestAuth, type TestAuth } from './open-test-auth.ts'
import { describeReplicaRaces } from './replica-races.ts'
import { type ServingProcess, startAuthProcess } from './start-auth-process.ts'

const postgres = await sharedPostgres()
const skip = 'skipReason' in postgres && postgres.skipReason

type Replica = ReturnType<typeof connect>

describe('Two processes on one PostgreSQL', { skip }, () => {
  let database: TestDatabase
  const processes: ServingProcess[] = []
  const replicas: Replica[] = []
  const [first, second] = [0, 1].map((n) => () => requireOpen(replicas[n])) as [() => Replica, () => Replica]

  before(async () => {
    const made = await createTestDatabase()
    if ('skipReason' in made) throw new Error(made.skipReason)
    database = made
    const start = () =>
      startAuthProcess({ DATABASE_URL: database.url, AUTH_DATABASE_POOL: '20' }, './cheap-main.ts')
    processes.push(...(await Promise.all([start(), start()])))
    replicas.push(...processes.map(({ address }) => connect(address)))
  })

  after(async () => {
    for (const replica of replicas) replica.close()
    await Promise.all(processes.map((one) => one.kill('SIGKILL')))
    await database?.close()
  })

  test('both use the same keys, though they started at the same time on an empty database', async () => {
    const keys = await Promise.all(replicas.map(({ auth }) => auth.getSigningKeys({})))
    assert.equal(keys[0]?.jwksJson, keys[1]?.jwksJson)
  })

  describeReplicaRaces(first, second, 1000)
})

describe('Two replicas on the model of PostgreSQL', () => {
  const replicas: TestAuth[] = []
  const [first, second] = [0, 1].map((n) => () => requireOpen(replicas[n])) as [
    () => TestAuth,
    () => TestAuth,
  ]

  before(async () => {
    const { database, model } = openModelInRealTime({
      latency: { tripMs: () => (Math.random() < 0.5 ? 0 : 1) },
    })
    for (const one of [database, model.open('other')]) {
      replicas.push(await openTestAuth({ overrides: { database: one } }))
    }
  })

  after(() => Promise.all(replicas.map((replica) => replica.close())))

  describeReplicaRaces(first, second, 200)
})

function requireOpen<T>(replica: T | undefined): T {
  if (replica === undefined) throw new Error('the replicas are open only inside tests')
  return replica
}
