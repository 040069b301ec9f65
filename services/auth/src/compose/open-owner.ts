import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import { makeAuditPartitions } from '../store/audit-partitions.ts'
import type { Database } from '../store/database.ts'
import { grantServiceRole } from '../store/grant-service-role.ts'
import { isMigrated, migrate } from '../store/migrate.ts'

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

/**
 * Brings the schema to this version as its owner, and lets the service's role do what it needs and no more. Returns the migrations that ran. Where
 * no other owner is given, a schema of this version needs no rights at all: the role may be one whom an owner has let in.
 */
export async function migrateAsOwner(owner: Database, database: Database): Promise<string[]> {
  if (owner !== database) {
    const migrations = await migrate(owner)
    await grantServiceRole(owner, database)
    return migrations
  }
  if (!(await isMigrated(database))) return await migrate(database)
  await makeAuditPartitions(database)
  return []
}
