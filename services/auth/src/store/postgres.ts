import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, type PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from './database.ts'
import { withStoreErrors } from './driver-errors.ts'
import { findPostgresLeaderSession, isLeaderLockTaken } from './postgres-leader.ts'
import { openPostgresListener } from './postgres-listener.ts'
import { postgresTypes } from './postgres-types.ts'
import { RememberingDialect } from './remembering-compiler.ts'
import type { Schema } from './schema.ts'
import { type PostgresConnection, toPostgresConnection } from './to-postgres-connection.ts'

/** How to reach PostgreSQL 15 or newer. */
export interface PostgresOptions {
  readonly url: string
  /** Past a transaction pooler, where one stands between; the same as `url` by default. */
  readonly directUrl?: string
  /** Connections in the pool. */
  readonly poolSize?: number
  /** Told of connections that break while idle. */
  readonly onError: (error: Error) => void
}

// protocols.md §0: all connections set these.
const sessionSettings = 'set lock_timeout = 5000; set idle_in_transaction_session_timeout = 5000'

/** Connects to PostgreSQL through a pool; connections open on first use. Throws as `toPostgresConnection`. */
export function openPostgres(options: PostgresOptions): Database {
  const connection = toPostgresConnection(options.url)
  const direct = options.directUrl === undefined ? connection : toPostgresConnection(options.directUrl)
  const pool = new pg.Pool({
    ...connection,
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: postgresTypes,
    pipeline: true,
  } as pg.PoolConfig)
  pool.on('error', options.onError)
  // Before anybody has it: a server that ends a connection right after opening it says so in the same breath, and an error that nobody
  // listens to ends the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const counter = { queries: 0 }
  const kysely = new Kysely<Schema>({ dialect: new RememberingDialect({ pool: toNamedPool(pool, counter) }) })
  return {
    kysely,
    transaction: (work) => kysely.transaction().execute(work),
    findLeaderSession: (lock) =>
      withStoreErrors(async () =>
        (await isLeaderLockTaken(kysely, lock)) ? undefined : findPostgresLeaderSession(direct, lock),
      ),
    openListener: (channel, onNotification) =>
      openPostgresListener({
        makeClient: () => makeListeningClient(direct),
        sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
        channel,
        onNotification,
      }),
    queryCount: () => counter.queries,
    close: () => kysely.destroy(),
  }
}

function makeListeningClient(connection: PostgresConnection): pg.Client {
  const timeoutMs = 3000
  return new pg.Client({
    ...connection,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    keepAlive: true,
  })
}

type NamedPool = ConstructorParameters<typeof PostgresDialect>[0]['pool']

/**
 * The pool as Kysely sees it: every statement is prepared once per connection under a name of its own (the texts are few:
 * lists go in as arrays), `begin` is sent together with the statement after it, and errors come out translated.
 */
function toNamedPool(pool: pg.Pool, counter: { queries: number }): Exclude<NamedPool, () => unknown> {
  const names = new Map<string, string>()
  const nameOf = (text: string) => {
    const known = names.get(text)
    if (known) return known
    const name = `auth_${names.size}`
    names.set(text, name)
    return name
  }
  const clients = new WeakMap<pg.PoolClient, ReturnType<typeof toNamedClient>>()
  return {
    options: pool.options,
    connect: () =>
      withStoreErrors(async () => {
        const client = await pool.connect()
        const known = clients.get(client)
        if (known) return known
        const settled = client.query(sessionSettings)
        const named = toNamedClient(client, nameOf, counter)
        clients.set(client, named)
        try {
          await settled
        } catch (error) {
          // Else the pool would count it as taken for ever.
          client.release(true)
          throw error
        }
        return named
      }),
    end: () => pool.end(),
  } as unknown as Exclude<NamedPool, () => unknown>
}

function toNamedClient(
  client: pg.PoolClient,
  nameOf: (text: string) => string,
  counter: { queries: number },
) {
  let begun: Promise<unknown> | undefined
  return {
    query: (text: string, values?: readonly unknown[]) => {
      counter.queries += 1
      if (text === 'begin') {
        // Not waited for: the next statement travels behind it. A failed begin fails that statement too.
        begun = client.query(text)
        begun.catch(() => undefined)
        return Promise.resolve({ command: 'BEGIN', rowCount: null, rows: [] })
      }
      const before = begun
      begun = undefined
      const answer =
        values && values.length > 0
          ? client.query({ name: nameOf(text), text, values: [...values] })
          : client.query(text)
      // Where `begin` failed nobody waits for this one any more, which then fails as well.
      answer.catch(() => undefined)
      return withStoreErrors(async () => {
        if (before) await before
        return await answer
      })
    },
    release: (error?: Error | boolean) => client.release(error),
  }
}
