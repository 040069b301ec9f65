import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAuth } from '@immersiverse/auth-client'
import { freePort } from '../../tools/parts/free-port.ts'
import { openKafka } from '../../tools/parts/open-kafka.ts'
import { makeEnvironment } from '../make-environment.ts'
import { openBenchDatabase } from '../open-bench-database.ts'
import { unpinThisProcess } from '../pinning.ts'
import { seedUsers } from '../seed.ts'
import { type ServerProcess, startServer } from '../start-server.ts'
import { type EventWriter, openEventWriter } from './open-event-writer.ts'

/** Events on their way from a transaction to a handler: PostgreSQL, the relay of a service process, Kafka, a consumer of this process. */
export interface EventFlow extends AsyncDisposable {
  readonly writer: EventWriter
  readonly service: ServerProcess
  /** Where the service shows its metrics. */
  readonly adminPort: number
  /** The database of the events. */
  readonly databaseUrl: string
  /** Called with the id that the writer gave the event and the instant at which its handler was called. */
  onHandled: (id: string, atMs: number) => void
}

const userCount = 400

/** Where the flow runs and how. */
export interface EventFlowOptions {
  /** A PostgreSQL to make a database on; undefined starts one. */
  readonly databaseUrl: string | undefined
  /** A folder for CPU profiles of the service. */
  readonly profile?: string | undefined
  /** Settings of the service beside ours. */
  readonly environment?: NodeJS.ProcessEnv
}

/** Opens one on parts of its own, which share all cores. The handler does nothing but take the time. */
export async function openEventFlow(options: EventFlowOptions): Promise<EventFlow> {
  await using stack = new AsyncDisposableStack()
  stack.use(unpinThisProcess())
  const folder = await mkdtemp(join(tmpdir(), 'auth-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const database = stack.use(await openBenchDatabase(options.databaseUrl))
  const kafka = stack.use(await openKafka())
  const ports = { grpc: await freePort(), edge: await freePort(), admin: await freePort() }
  const environment = makeEnvironment(database, ports, folder)
  const users = await seedUsers(environment, userCount)
  const script = 'services/auth/src/main.ts'
  const service = stack.use(
    await startServer({
      script,
      port: ports.grpc,
      environment: { ...environment, KAFKA_BROKERS: kafka.brokers, ...options.environment },
      prefix: [],
      nodeArgs: options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`],
    }),
  )
  const writer = stack.use(
    openEventWriter(
      database.url ?? '',
      users.map(({ userId }) => userId),
    ),
  )
  const flow: Pick<EventFlow, 'onHandled'> = { onHandled: () => undefined }
  const auth = stack.use(
    await connectAuth({
      address: `127.0.0.1:${ports.grpc}`,
      verification: 'remote',
      kafka: { brokers: kafka.brokers.split(',') },
    }),
  )
  auth
    .events({ group: 'bench', concurrency: 64 })
    .on('login_succeeded', async ({ sessionId }) => flow.onHandled(sessionId, performance.now()))
    .start()
  const opened = stack.move()
  const facts = { writer, service, adminPort: ports.admin, databaseUrl: database.url ?? '' }
  return Object.assign(flow, { ...facts, [Symbol.asyncDispose]: () => opened.disposeAsync() })
}
