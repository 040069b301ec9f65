import { sql } from 'kysely'
import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import type { Database } from '../store/database.ts'
import { grantServiceRole, listOwnTables } from '../store/grant-service-role.ts'
import { isMigrated, migrate } from '../store/migrate.ts'

/**
 * Brings the schema to this version and returns the names of the migrations that ran: as the owner where DATABASE_OWNER_URL names one, who
 * then lets the service's role do what it needs, and else as the service. A schema that is of this version needs no rights at all.
 */
export async function migrateConfigured(config: Config, database: Database, log: Log): Promise<string[]> {
  const { DATABASE_OWNER_URL: url } = config
  if (url === undefined) return (await isMigrated(database)) ? [] : await migrate(database)
  const { openPostgres } = await import('../store/postgres.ts')
  const onError = (error: Error) => log.warn({ err: error }, "the owner's database connection broke")
  const owner = openPostgres({ url, poolSize: 2, onError })
  try {
    const migrations = await migrate(owner)
    await grantServiceRole(owner.kysely, await getRole(database))
    const tables = await listOwnTables(database.kysely)
    if (tables.length > 0) {
      log.warn(
        { tables },
        'the role of DATABASE_URL owns tables: it can change and drop what only the owner should',
      )
    }
    return migrations
  } finally {
    await owner.close()
  }
}

async function getRole({ kysely }: Database): Promise<string> {
  const { rows } = await sql<{ role: string }>`select current_user as role`.execute(kysely)
  const [row] = rows
  if (row === undefined) throw new Error('the database does not say who is connected')
  return row.role
}
