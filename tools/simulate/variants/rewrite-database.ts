import type { CompiledQuery, Kysely, KyselyPlugin, QueryExecutor, QueryResult, Transaction } from 'kysely'
import type { Database, LeaderSession } from '../../../services/auth/src/store/database.ts'
import type { Schema } from '../../../services/auth/src/store/schema.ts'

/** What a variant does otherwise with statements. */
export interface Rewrite {
  /** Another text for a statement. */
  readonly text?: (sql: string) => string
  /** Changes statements that Kysely builds. */
  readonly plugin?: KyselyPlugin
  /** Carries a statement out otherwise. */
  readonly execute?: (
    query: CompiledQuery,
    execute: (query: CompiledQuery) => Promise<QueryResult<unknown>>,
  ) => Promise<QueryResult<unknown>>
}

/** The database as a variant speaks to it; the locks of leaders included. */
export function rewriteDatabase(database: Database, rewrite: Rewrite): Database {
  return {
    kysely: rewriteKysely(database.kysely, rewrite),
    transaction: (work) => database.transaction((trx) => work(rewriteKysely(trx, rewrite) as typeof trx)),
    findLeaderSession: async (lock) => {
      const session = await database.findLeaderSession(lock)
      return session && rewriteSession(session, rewrite)
    },
    ...(database.openListener && { openListener: database.openListener }),
    queryCount: () => database.queryCount(),
    close: () => database.close(),
  }
}

function rewriteSession(session: LeaderSession, rewrite: Rewrite): LeaderSession {
  return {
    kysely: rewriteKysely(session.kysely, rewrite),
    ping: () => session.ping(),
    onNotification: (channel, listener) => session.onNotification(channel, listener),
    close: () => session.close(),
  }
}

function rewriteKysely(kysely: Kysely<Schema>, rewrite: Rewrite): Kysely<Schema> {
  const plain = rewrite.plugin === undefined ? kysely : kysely.withPlugin(rewrite.plugin)
  const toText = ({ sql, ...rest }: CompiledQuery): CompiledQuery => ({
    ...rest,
    sql: rewrite.text?.(sql) ?? sql,
  })
  const run = (query: CompiledQuery, execute: (query: CompiledQuery) => Promise<QueryResult<unknown>>) =>
    rewrite.execute?.(toText(query), execute) ?? execute(toText(query))
  const own: Record<string, unknown> = {
    executeQuery: (query: CompiledQuery) => run(query, (one) => plain.executeQuery(one)),
    getExecutor: () => rewriteExecutor(plain.getExecutor(), run),
    transaction: () => {
      const builder = plain.transaction()
      return {
        execute: <T>(work: (trx: Transaction<Schema>) => Promise<T>) =>
          builder.execute((trx) => work(rewriteKysely(trx, { ...rewrite, plugin: noPlugin }) as typeof trx)),
      }
    },
  }
  return new Proxy(plain, {
    get: (target, name) => own[name as string] ?? bind(target, Reflect.get(target, name, target)),
  })
}

/** What was added to a Kysely is there in its transactions. */
const noPlugin: KyselyPlugin = {
  transformQuery: ({ node }) => node,
  transformResult: async ({ result }) => result,
}

function rewriteExecutor(
  executor: QueryExecutor,
  run: (
    query: CompiledQuery,
    execute: (query: CompiledQuery) => Promise<QueryResult<unknown>>,
  ) => Promise<QueryResult<unknown>>,
): QueryExecutor {
  const executeQuery = (query: CompiledQuery) => run(query, (one) => executor.executeQuery(one))
  return new Proxy(executor, {
    get: (target, name) =>
      name === 'executeQuery' ? executeQuery : bind(target, Reflect.get(target, name, target)),
  })
}

function bind(target: object, value: unknown): unknown {
  return typeof value === 'function' ? value.bind(target) : value
}
