import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../tools/parts/free-port.ts'
import { openKafka } from '../../tools/parts/open-kafka.ts'
import type { Figure } from '../figures.ts'
import { makeEnvironment } from '../make-environment.ts'
import { openBenchDatabase } from '../open-bench-database.ts'
import { seedUsers } from '../seed.ts'
import { runScript, startServer } from '../start-server.ts'
import { tell, type World } from '../world.ts'

const count = 1_000_000
const [aimSeconds, aimMegabytes] = [60, 600]
const giveUpMs = 20 * 60_000

/** What the process that warms a cache says of it. */
export interface Warmed {
  readonly seconds: number
  /** The most that the process ever had in memory. */
  readonly megabytes: number
  readonly users: number
}

/**
 * With 1,000,000 users in PostgreSQL and a Kafka of its own: how long the service takes to write them all to `auth.state.users`, then from
 * `connectAuth` in a process of its own until its cache is warm, from that topic and by ListUsers. Without PostgreSQL it is left out.
 */
export async function measureUsers(world: World): Promise<Figure[]> {
  if (world.database.url === undefined) return []
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'auth-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const database = stack.use(await openBenchDatabase(world.database.url))
  const kafka = stack.use(await openKafka())
  const ports = { grpc: await freePort(), edge: await freePort(), admin: await freePort() }
  const environment = makeEnvironment(database, ports, folder)
  tell(`users: making ${count}`)
  await seedUsers(environment, 1)
  await insertUsers(database.url ?? '')
  const startedAt = performance.now()
  const script = 'services/auth/src/main.ts'
  const settings = { ...environment, KAFKA_BROKERS: kafka.brokers }
  stack.use(
    await startServer({ script, port: ports.grpc, environment: settings, prefix: world.serverPrefix }),
  )
  tell('users: writing them to the topic')
  await awaitStates(ports.admin)
  const written: Figure = {
    name: `${count} users to the topic`,
    perSecond: toRate(performance.now() - startedAt),
  }
  const figures = [written]
  for (const source of ['kafka', 'list']) {
    tell(`users: warming a cache, source ${source}`)
    figures.push(toFigure(source, await warm(source, `127.0.0.1:${ports.grpc}`, kafka.brokers)))
  }
  return figures
}

async function insertUsers(url: string): Promise<void> {
  const database = new pg.Client({ connectionString: url })
  await database.connect()
  try {
    await database.query(
      `insert into users (id, status, username, username_key, email, email_key, display_name, roles, password_hash)
        select id, 'ACTIVE', 'user' || n, 'user' || n, n || '@example.org', n || '@example.org', 'User ' || n, '{user}', 'none'
        from (select gen_random_uuid() as id, n from generate_series(1, $1::int) n) made`,
      [count],
    )
    await database.query('insert into user_sequences (user_id) select id from users on conflict do nothing')
    await database.query('vacuum analyze users')
  } finally {
    await database.end()
  }
}

/** The first heartbeat stands behind all of them. */
async function awaitStates(adminPort: number): Promise<void> {
  const deadline = Date.now() + giveUpMs
  while (Date.now() < deadline) {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
    if (/\nauth_user_states_published_timestamp_seconds \d/.test(text)) return
    await sleep(200)
  }
  throw new Error('the users were not written')
}

async function warm(source: string, address: string, brokers: string): Promise<Warmed> {
  const script = 'bench/measure/warm-users.ts'
  const warmed = await runScript<Warmed>({ script, args: [source, address, brokers], prefix: [] })
  if (warmed.users < count) throw new Error(`only ${warmed.users} users are in the cache`)
  return warmed
}

function toFigure(source: string, { megabytes, seconds }: Warmed): Figure {
  const from = source === 'kafka' ? 'auth.state.users' : 'ListUsers'
  return {
    name: `cache of ${count} users warm from ${from}: ${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB at most (aim ${aimMegabytes})`,
    perSecond: toRate(seconds * 1000),
    limit: `${count} in ${aimSeconds} s`,
    ratio: aimSeconds / seconds,
  }
}

function toRate(ms: number): number {
  return (count / ms) * 1000
}
