import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import type { Database } from '../store/database.ts'
import { grantToService } from '../store/grant-to-service.ts'
import { migrate } from '../store/migrate.ts'

/** The database as the role sees it that owns the tables: DATABASE_OWNER_URL's, or the service's own where none is given. */
export async function openOwner(
  config: Config,
  database: Database,
  log: Log,
  stack: AsyncDisposableStack,
): Promise<Database> {
  const { DATABASE_OWNER_URL: url } = config
  if (url === undefined) return database
  const { openPostgres } = await import('../store/postgres.ts')
  const onError = (error: Error) => log.warn({ err: error }, "an idle connection of the tables' owner broke")
  const owner = openPostgres({ url, poolSize: 2, onError })
  stack.defer(() => owner.close())
  return owner
}

/** Brings the schema to this version as its owner, and lets the service's role do what it needs and no more. Returns the migrations that ran. */
export async function migrateAsOwner(owner: Database, database: Database): Promise<string[]> {
  const migrations = await migrate(owner)
  if (owner !== database) await grantToService(owner, database)
  return migrations
}
