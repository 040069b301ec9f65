import { EventEmitter } from 'node:events'
import type { InboxClient, InboxPool } from '../events/make-postgres-inbox.ts'
import { makePostgresUserWriter } from './make-postgres-user-writer.ts'
import { makeUserTableQueries } from './make-user-table-queries.ts'
import { toUserTableStatements } from './to-user-table-statements.ts'
import type { UserProjection } from './user-projection.ts'

/** All users in a PostgreSQL table of the service's own, to be joined by its own SQL. */
export interface PostgresUserProjection extends UserProjection {
  /** The statements that make the tables, for a migration of the service's own. */
  readonly statements: readonly string[]
  /** Makes the tables where they are not there. */
  create(client: InboxClient): Promise<void>
}

/** Where the table is. */
export interface PostgresUserProjectionOptions {
  /** Of `pg`, or of the same shape; one of its connections is kept while the table is followed. */
  readonly pool: InboxPool<InboxClient>
  /** `table` or `schema.table`, in lower case; default `auth_users`. Beside it stand `<table>_positions` and `<table>_state`. */
  readonly table?: string
}

const tableName = /^[a-z_][a-z0-9_]{0,52}(\.[a-z_][a-z0-9_]{0,52})?$/

/**
 * Makes a projection for `auth.followUsers({ into })`. Users, and how far the topic was read, are written in one transaction. Several processes may
 * share a table: one of them writes it, another takes over. Throws TypeError for a table's name that is none.
 */
export function makePostgresUserProjection({
  pool,
  table = 'auth_users',
}: PostgresUserProjectionOptions): PostgresUserProjection {
  if (!tableName.test(table))
    throw new TypeError(
      'table must be a lower-case name of at most 53 characters, with its schema or without',
    )
  const statements = toUserTableStatements(table)
  const queries = makeUserTableQueries(table)
  return {
    statements,
    async create(client) {
      for (const statement of statements) await client.query(statement)
    },
    async openWriter() {
      const { client, release } = await openClient(pool)
      try {
        const { rows } = await client.query(queries.lock, [table])
        if ((rows[0] as { readonly held: boolean }).held) {
          return makePostgresUserWriter({ client, queries, release, table, statements })
        }
      } catch (error) {
        release(true)
        throw error
      }
      release(false)
      return undefined
    },
    async readAsOf() {
      const { client, release } = await openClient(pool)
      try {
        const { rows } = await client.query(queries.readAsOf)
        release(false)
        const [row] = rows as readonly { readonly as_of: number | null }[]
        return row === undefined || row.as_of === null ? undefined : new Date(row.as_of * 1000)
      } catch (error) {
        release(true)
        throw error
      }
    },
  }
}

async function openClient(pool: InboxPool<InboxClient>) {
  const client = await pool.connect()
  // A connection that breaks says so as an event, too, which ends the process where nobody listens.
  const emitter = client instanceof EventEmitter ? client : undefined
  const ignore = () => undefined
  emitter?.on('error', ignore)
  const release = (isBroken: boolean): void => {
    if (!isBroken) emitter?.off('error', ignore)
    client.release(isBroken)
  }
  return { client, release }
}
