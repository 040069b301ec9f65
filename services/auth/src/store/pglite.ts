import { PGlite, type Transaction, types } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, sql } from 'kysely'
import type { Database, LeaderSession } from './database.ts'
import { withStoreErrors } from './driver-errors.ts'
import { lockFolder } from './lock-folder.ts'
import type { Schema } from './schema.ts'

/** Where the embedded database lives. */
export interface PgliteOptions {
  /** A folder of its own, made if it is not there; undefined keeps everything in memory. */
  readonly folder?: string
  /** A data folder as `dumpDataDir` wrote it, to start from. */
  readonly loadDataDir?: Blob
}

/**
 * Opens the embedded database: for development, one process, one connection, no fsync.
 * @throws FolderLockedError when another process has the folder open.
 */
export async function openPglite(options: PgliteOptions): Promise<Database & { dump(): Promise<Blob> }> {
  const unlock = options.folder === undefined ? () => undefined : lockFolder(options.folder)
  try {
    const pglite = await PGlite.create({
      ...(options.folder === undefined ? {} : { dataDir: `${options.folder}/pglite` }),
      ...(options.loadDataDir ? { loadDataDir: options.loadDataDir } : {}),
      parsers: { [types.INT8]: Number },
    })
    return toDatabase(pglite, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

function toDatabase(pglite: PGlite, unlock: () => void): Database & { dump(): Promise<Blob> } {
  let queries = 0
  const counted = withTranslatedErrors(pglite, () => {
    queries += 1
  })
  const kysely = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite: counted }) })
  return {
    kysely,
    transaction: (work) => kysely.transaction().execute(work),
    // One process has the folder, so the lock is always free.
    findLeaderSession: async () => toLeaderSession(kysely),
    queryCount: () => queries,
    dump: () => pglite.dumpDataDir('none'),
    close: async () => {
      await kysely.destroy()
      if (!pglite.closed) await pglite.close()
      unlock()
    },
  }
}

/** Inside transactions too: Kysely's driver takes its statements to the transaction that PGlite hands out. */
function withTranslatedErrors<T extends PGlite | Transaction>(target: T, onQuery: () => void): T {
  return new Proxy(target, {
    get(_target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (property === 'query') {
        return (...args: Parameters<PGlite['query']>) => {
          onQuery()
          return withStoreErrors(() => target.query(...args))
        }
      }
      if (property === 'transaction' && target instanceof PGlite) {
        return (work: (trx: Transaction) => Promise<unknown>) =>
          target.transaction((trx) => work(withTranslatedErrors(trx, onQuery)))
      }
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function toLeaderSession(kysely: Kysely<Schema>): LeaderSession {
  return {
    kysely,
    ping: async () => undefined,
    onNotification: async () => undefined,
    // A transaction of the one connection ends before another statement begins: nobody writes while this is asked.
    lookAtWriters: async (table) => {
      const { rows } = await sql<{ last_value: number; is_called: boolean }>`
        select last_value, is_called from ${sql.table(`${table}_position_seq`)}`.execute(kysely)
      const [drawn] = rows
      return { drawn: drawn?.is_called ? drawn.last_value : 0, writers: [] }
    },
    close: async () => undefined,
  }
}
