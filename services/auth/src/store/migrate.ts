import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Database } from './database.ts'
import * as m0001 from './migrations/0001-accounts-sessions-outbox.ts'
import * as m0002 from './migrations/0002-revocations.ts'
import * as m0004 from './migrations/0004-published-revocations.ts'

const migrations: Readonly<Record<string, Migration>> = Object.freeze({
  '0001-accounts-sessions-outbox': m0001,
  '0002-revocations': m0002,
  '0004-published-revocations': m0004,
})

/** Brings the schema to this version; several processes may start at once. Throws what a migration threw. */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database.kysely,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: 'auth_migrations',
    migrationLockTableName: 'auth_migrations_lock',
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Whether the schema is the one this version needs. */
export async function isMigrated(database: Database): Promise<boolean> {
  const { rows } = await sql<{ name: string }>`select name from auth_migrations`.execute(database.kysely)
  const present = new Set(rows.map((row) => row.name))
  return Object.keys(migrations).every((name) => present.has(name))
}
