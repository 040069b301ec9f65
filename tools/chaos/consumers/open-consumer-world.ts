import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePostgresInbox } from '@immersiverse/auth-client'
import { makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import pg from 'pg'
import { type KafkaPart, openKafka } from '../../parts/open-kafka.ts'
import { openPostgres } from '../../parts/open-postgres.ts'
import { type OpenReplica, openReplica } from '../world/open-replica.ts'
import type { Calls } from '../world/world.ts'

/** What all consuming processes share. */
export interface ConsumerWorld extends AsyncDisposable {
  readonly auth: OpenReplica
  /** Calls that wait for as long as a machine with much else to do may take: what has no answer could not be judged. */
  readonly calls: Calls
  readonly kafka: KafkaPart
  /** The consumers' own database, with the tables `effects`, `counts` and `auth_inbox`. */
  readonly databaseUrl: string
  readonly pool: pg.Pool
  /** Where the logs of all processes are. */
  readonly folder: string
}

/** How long a member that is dead, or stands still, holds its partitions: short, so that a kill is followed by work soon. */
export const sessionTimeoutMs = 1_200

const deadlineMs = 60_000

/** Brokers refuse sessions this short unless they are told; with KIP-848 they alone decide. */
const brokerSettings = Object.freeze({
  'group.min.session.timeout.ms': '500',
  'group.consumer.min.session.timeout.ms': '500',
  'group.consumer.session.timeout.ms': String(sessionTimeoutMs),
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '240',
})

/** Starts PostgreSQL (fsync on), Kafka and one process of the service, which no fault touches, and makes the consumers' tables. */
export async function openConsumerWorld({ keep = false } = {}): Promise<ConsumerWorld> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'chaos-consumers-'))
  if (!keep) stack.defer(() => rm(folder, { recursive: true, force: true }))
  const [postgres, kafka] = await Promise.all([
    openPostgres().then((part) => stack.use(part)),
    openKafka({ settings: brokerSettings }).then((part) => stack.use(part)),
  ])
  const auth = stack.use(
    await openReplica({
      name: 'auth1',
      folder,
      clock: undefined,
      environment: {
        AUTH_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
        DATABASE_URL: postgres.url,
        KAFKA_BROKERS: kafka.brokers,
      },
    }),
  )
  const channel = openChannel({ address: `127.0.0.1:${auth.grpcPort}` })
  stack.defer(() => channel.close())
  const calls = {
    auth: makeGrpcClient(AuthService, channel, { deadlineMs }),
    users: makeGrpcClient(UserService, channel, { deadlineMs }),
  }
  const databaseUrl = await createDatabase(postgres.url)
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  stack.defer(() => pool.end())
  pool.on('error', () => undefined)
  await makePostgresInbox({ group: 'any' }).create(pool)
  await pool.query(tables)
  const opened = stack.move()
  return { auth, calls, kafka, databaseUrl, pool, folder, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function createDatabase(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('create database consumers')
  await client.end()
  return Object.assign(new URL(url), { pathname: '/consumers' }).href
}

// Without a key on the event: what is written twice must be seen twice.
const tables = `
  create table effects (
    n bigint generated always as identity primary key,
    consumer text not null,
    event_id uuid not null,
    topic text not null,
    user_id text not null
  );
  create table counts (consumer text, user_id text, events bigint not null, primary key (consumer, user_id));
`
