import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsOptions } from '@immersiverse/auth-client/grpc'
import { openPostgres, type PostgresPart } from '../../parts/open-postgres.ts'
import { openTcpProxy, type TcpProxy } from '../../parts/tcp-proxy.ts'
import { findFaketime } from './find-faketime.ts'
import { type Broker, openBroker } from './open-broker.ts'
import { type ClockFault, type FakeClock, openFakeClock } from './open-fake-clock.ts'
import { type OpenReplica, openReplica } from './open-replica.ts'
import { openVerifiers } from './open-verifiers.ts'
import type { VerifierVariant } from './verifier-variants.ts'
import type { ReplicaName, World } from './world.ts'

/** What a world has; all has a default. */
export interface WorldOptions {
  /** Processes of the service; default 2. */
  readonly replicas?: 2 | 3
  /** Default true. */
  readonly kafka?: boolean
  /** Settings of the broker beside the usual ones. */
  readonly brokerSettings?: Readonly<Record<string, string>>
  /** Default true. */
  readonly verifiers?: boolean
  readonly variant?: VerifierVariant
  /** What verifier c follows; default Kafka where there is one. */
  readonly source?: 'watch' | 'kafka'
  /** Default 120 s: tokens expire, and their revocations are dropped, while the run lasts. */
  readonly accessTtlMs?: number
  /** Default `10s`. */
  readonly refreshGrace?: string
  /** mTLS between callers and the replicas; default plaintext. */
  readonly tls?: WorldTls
  /** Leaves the logs where they are. */
  readonly keep?: boolean
}

/** mTLS of a world: what replicas are started with, and what their callers show. */
export interface WorldTls {
  readonly environment: NodeJS.ProcessEnv
  readonly client: TlsOptions
}

const replicaNames: readonly ReplicaName[] = ['auth1', 'auth2', 'auth3']

/** The clocks that go wrong where libfaketime is installed; the others are the machine's. */
const clockFaults: Readonly<Record<string, ClockFault>> = Object.freeze({
  auth1: 'wall',
  auth2: 'slow',
  auth3: 'fast',
  'verifier-a': 'wall',
  'verifier-b': 'fast',
  'verifier-c': 'wall',
})

/** Where what has been opened goes, to be closed in reverse. */
interface Site {
  readonly stack: AsyncDisposableStack
  readonly folder: string
  readonly links: Map<string, TcpProxy>
  readonly names: readonly ReplicaName[]
  readonly masterKey: string
  openClock(name: string): Promise<FakeClock | undefined>
}

/** Starts PostgreSQL (fsync on), Kafka, processes of the service and three that verify, each way between two of them through a proxy. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'chaos-'))
  if (!options.keep) stack.defer(() => rm(folder, { recursive: true, force: true }))
  const library = await findFaketime()
  const openClock = async (name: string) =>
    library === undefined
      ? undefined
      : await openFakeClock(library, folder, name, clockFaults[name] ?? 'wall')
  const links = new Map<string, TcpProxy>()
  const names = replicaNames.slice(0, options.replicas ?? 2)
  const masterKey = randomBytes(32).toString('base64')
  const site: Site = { stack, folder, links, names, masterKey, openClock }
  const [postgres, broker] = await Promise.all([
    openPostgres().then((part) => stack.use(part)),
    options.kafka === false
      ? undefined
      : openBroker(options.verifiers === false ? names : [...names, 'c'], options.brokerSettings).then(
          (part) => stack.use(part),
        ),
  ])
  for (const [client, way] of Object.entries(broker?.ways ?? {})) links.set(`${client}-kafka`, way)
  const replicas = await openReplicas(site, postgres, broker, options)
  const verifiers =
    options.verifiers === false
      ? []
      : await openVerifiers({
          ...site,
          replicas,
          ...(options.variant && { variant: options.variant }),
          ...(broker && options.source !== 'watch' && { brokers: [`127.0.0.1:${broker.ways.c.port}`] }),
        })
  const opened = stack.move()
  return {
    postgres,
    kafka: broker?.part,
    replicas,
    verifiers,
    links,
    folder,
    environment: {
      AUTH_MASTER_KEY: masterKey,
      DATABASE_URL: postgres.url,
      ...(broker && { KAFKA_BROKERS: broker.part.brokers }),
    },
    hasFalseClocks: library !== undefined,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function openReplicas(
  { stack, folder, links, names, masterKey, openClock }: Site,
  postgres: PostgresPart,
  broker: Broker<ReplicaName | 'c'> | undefined,
  { accessTtlMs = 120_000, refreshGrace = '10s', tls }: WorldOptions,
): Promise<OpenReplica[]> {
  const replicas: OpenReplica[] = []
  for (const name of names) {
    const way = stack.use(await openTcpProxy({ port: postgres.port }))
    links.set(`${name}-db`, way)
    const kafkaWay = broker?.ways[name]
    const environment = {
      AUTH_MASTER_KEY: masterKey,
      AUTH_ACCESS_TTL: `${accessTtlMs}ms`,
      AUTH_REFRESH_GRACE: refreshGrace,
      ...tls?.environment,
      DATABASE_URL: postgres.url.replace(`:${postgres.port}/`, `:${way.port}/`),
      ...(kafkaWay === undefined ? {} : { KAFKA_BROKERS: `127.0.0.1:${kafkaWay.port}` }),
    }
    const clock = await openClock(name)
    const replica = stack.use(await openReplica({ name, folder, environment, clock, tls: tls?.client }))
    links.set(`users-${name}`, replica.usersWay)
    replicas.push(replica)
  }
  return replicas
}
