import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../tools/parts/free-port.ts'
import { openKafka } from '../tools/parts/open-kafka.ts'
import { makeEnvironment } from './make-environment.ts'
import { openBenchDatabase } from './open-bench-database.ts'
import { type SeededUser, seedUsers } from './seed.ts'
import { startServer } from './start-server.ts'
import type { World } from './world.ts'

/** Two processes of the service on one database and one Kafka. */
export interface Replicas extends AsyncDisposable {
  readonly brokers: string
  readonly users: readonly SeededUser[]
  /** gRPC addresses: of the process that gives revocations their numbers and publishes them, and of the other one. */
  readonly leader: string
  readonly other: string
}

/** Opens them on a database of their own, with users who have a session each. */
export async function openReplicas(world: World, userCount: number): Promise<Replicas> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'auth-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const database = stack.use(await openBenchDatabase(world.database.url))
  const kafka = stack.use(await openKafka())
  const all = [await freePorts(), await freePorts()] as const
  const shared = makeEnvironment(database, all[0], folder)
  const users = await seedUsers(shared, userCount)
  for (const ports of all) {
    const { AUTH_MASTER_KEY } = shared
    const environment = {
      ...makeEnvironment(database, ports, folder),
      AUTH_MASTER_KEY,
      KAFKA_BROKERS: kafka.brokers,
    }
    const script = 'services/auth/src/main.ts'
    stack.use(await startServer({ script, port: ports.grpc, environment, prefix: world.serverPrefix }))
  }
  const leader = await findLeader(all.map(({ admin }) => admin))
  const addresses = all.map(({ grpc }) => `127.0.0.1:${grpc}`)
  const opened = stack.move()
  return {
    brokers: kafka.brokers,
    users,
    leader: addresses[leader] ?? '',
    other: addresses[1 - leader] ?? '',
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function freePorts() {
  return { grpc: await freePort(), edge: await freePort(), admin: await freePort() }
}

/** Which of the two leads the lane of revocations, once the events of the users are all published. */
async function findLeader(adminPorts: readonly number[]): Promise<number> {
  const deadline = Date.now() + 120_000
  while (Date.now() < deadline) {
    const metrics = await Promise.all(
      adminPorts.map(async (port) => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
    )
    const has = (line: string) => (text: string) => text.includes(`\n${line}\n`)
    const leader = metrics.findIndex(
      (text) => has('auth_revocation_lane_leader 1')(text) && has('auth_revocation_broker_up 1')(text),
    )
    if (leader >= 0 && metrics.some(has('auth_outbox_pending 0'))) return leader
    await sleep(100)
  }
  throw new Error('no replica leads the lane of revocations')
}
