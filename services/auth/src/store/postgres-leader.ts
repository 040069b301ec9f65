import { Kysely, sql } from 'kysely'
import pg from 'pg'
import type { LeaderLock, LeaderSession } from './database.ts'
import { withStoreErrors } from './driver-errors.ts'
import { postgresTypes } from './postgres-types.ts'
import { RememberingDialect } from './remembering-compiler.ts'
import type { Schema } from './schema.ts'
import type { PostgresConnection } from './to-postgres-connection.ts'

/** Advisory lock numbers: the first key is this service's own, so that other users of the database do not collide. */
const lockNumbers: Readonly<Record<LeaderLock, number>> = Object.freeze({
  migrations: 1,
  relay: 2,
  revocations: 3,
  audit: 4,
})
const lockSpace = 0x1a07

/** How long a statement may take, and how long closing waits for the server's goodbye. */
const queryTimeoutMs = 10_000
const closeTimeoutMs = 500

/** Whether a process has the lock: saves those that wait for it a connection for every try. */
export async function isLeaderLockTaken(kysely: Kysely<Schema>, lock: LeaderLock): Promise<boolean> {
  const { rows } = await sql`
    select from pg_locks where locktype = 'advisory' and classid = ${lockSpace}::bigint::oid
      and objid = ${lockNumbers[lock]}::bigint::oid and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(kysely)
  return rows.length > 0
}

/**
 * Opens a connection and takes the lock on it. `idle_session_timeout` ends the connection, and with it the lock, of a process
 * that was stopped: an idle lock would stay for ever.
 */
export async function findPostgresLeaderSession(
  connection: PostgresConnection,
  lock: LeaderLock,
): Promise<LeaderSession | undefined> {
  const client = new pg.Client({
    ...connection,
    connectionTimeoutMillis: 5000,
    query_timeout: lock === 'migrations' ? 0 : queryTimeoutMs,
    keepAlive: true,
    types: postgresTypes,
  })
  client.on('error', () => undefined)
  return await takeLeaderLock(client, lock)
}

/** Connects and takes the lock, or closes the connection. */
export async function takeLeaderLock(
  client: pg.Client,
  lock: LeaderLock,
): Promise<LeaderSession | undefined> {
  try {
    await client.connect()
    await assertDirectConnection(client)
    const idleTimeoutMs = lock === 'migrations' ? 0 : 1500
    await client.query(
      `set lock_timeout = 5000; set idle_in_transaction_session_timeout = 1500; set idle_session_timeout = ${idleTimeoutMs}`,
    )
    const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as taken', [
      lockSpace,
      lockNumbers[lock],
    ])
    if (rows[0].taken) return toLeaderSession(client)
  } catch (error) {
    await closeClient(client)
    throw error
  }
  await closeClient(client)
  return undefined
}

/** A transaction pooler hands every transaction another backend; a lock taken there would belong to a stranger. */
export async function assertDirectConnection(client: pg.Client): Promise<void> {
  const pids = new Set<number>()
  for (let n = 0; n < 3; n += 1) pids.add((await client.query('select pg_backend_pid() as pid')).rows[0].pid)
  if (pids.size > 1) {
    throw new Error(
      'the connection for locks changes its backend between transactions: set AUTH_DATABASE_DIRECT_URL past the pooler',
    )
  }
}

function toLeaderSession(client: pg.Client): LeaderSession {
  const ask = toAsk(client)
  const kysely = new Kysely<Schema>({ dialect: new RememberingDialect({ pool: toSinglePool(ask) as never }) })
  return {
    kysely,
    ping: async () => {
      await ask('select 1')
    },
    onNotification: async (channel, listener) => {
      client.on('notification', listener)
      await ask(`listen ${client.escapeIdentifier(channel)}`)
    },
    lookAtWriters: async (table) => {
      // In this order: who drew a position held the lock by then, and holds it until his commit is visible.
      const { rows: drawn } = await ask(`select last_value, is_called from ${table}_position_seq`)
      const { rows: writers } = await ask(
        `select virtualtransaction as name from pg_locks
        where locktype = 'relation' and relation = '${table}'::regclass and mode = 'RowExclusiveLock'
          and database = (select oid from pg_database where datname = current_database())`,
      )
      // Before the first is drawn, it stands there already.
      const { is_called: isDrawn, last_value: last } = drawn[0]
      return { drawn: isDrawn ? Number(last) : 0, writers: writers.map(({ name }) => name) }
    },
    close: () => closeClient(client),
  }
}

type Ask = (text: string, values?: readonly unknown[]) => Promise<pg.QueryResult>

/** Sends a statement when the one before it has its answer: the driver wants its callers to queue. */
function toAsk(client: pg.Client): Ask {
  let last: Promise<unknown> = Promise.resolve()
  return (text, values) => {
    const before = last
    const answer = withStoreErrors(async () => {
      await before
      return client.query(text, values ? [...values] : undefined)
    })
    last = answer.catch(() => undefined)
    return answer
  }
}

/** One connection as a pool: its users take turns, so that none speaks inside another's transaction; pings may. */
function toSinglePool(ask: Ask) {
  let turn: Promise<void> = Promise.resolve()
  const connect = async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const before = turn
    turn = released
    await before
    return { query: ask, release }
  }
  return { options: {}, connect, end: async () => undefined }
}

/** Ends the connection; where the server no longer answers, without its goodbye. */
export async function closeClient(client: pg.Client): Promise<void> {
  const socket = (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream
  const timer = setTimeout(() => socket.destroy(), closeTimeoutMs)
  await client.end().catch(() => undefined)
  clearTimeout(timer)
}
