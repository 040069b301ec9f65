import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { makeAuditPartitions } from './audit-partitions.ts'
import type { Database } from './database.ts'
import * as m0001 from './migrations/0001-accounts-sessions-outbox.ts'
import * as m0002 from './migrations/0002-revocations.ts'
import * as m0003 from './migrations/0003-key-lives.ts'
import * as m0004 from './migrations/0004-published-revocations.ts'
import * as m0005 from './migrations/0005-user-lists.ts'
import * as m0006 from './migrations/0006-parked-keys.ts'
import * as m0007 from './migrations/0007-audit-log.ts'
import * as m0008 from './migrations/0008-limits.ts'
import * as m0009 from './migrations/0009-username-skeletons.ts'
import * as m0010 from './migrations/0010-platform-accounts.ts'
import * as m0011 from './migrations/0011-revoked-subjects.ts'

const migrations: Readonly<Record<string, Migration>> = Object.freeze({
  '0001-accounts-sessions-outbox': m0001,
  '0002-revocations': m0002,
  '0003-key-lives': m0003,
  '0004-published-revocations': m0004,
  '0005-user-lists': m0005,
  '0006-parked-keys': m0006,
  '0007-audit-log': m0007,
  '0008-limits': m0008,
  '0009-username-skeletons': m0009,
  '0010-platform-accounts': m0010,
  '0011-revoked-subjects': m0011,
})

/**
 * Brings the schema to this version and returns the names of the migrations that this call ran; several processes may start at once.
 * Throws what a migration threw.
 */
export async function migrate(database: Database): Promise<string[]> {
  const migrator = new Migrator({
    db: database.kysely,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: 'auth_migrations',
    migrationLockTableName: 'auth_migrations_lock',
  })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error) throw error
  await makeAuditPartitions(database)
  return results.map(({ migrationName }) => migrationName)
}

/** Whether the schema is the one this version needs. */
export async function isMigrated(database: Database): Promise<boolean> {
  const present = new Set(await listMigrated(database))
  return Object.keys(migrations).every((name) => present.has(name))
}

async function listMigrated(database: Database): Promise<string[]> {
  try {
    const { rows } = await sql<{ name: string }>`select name from auth_migrations`.execute(database.kysely)
    return rows.map(({ name }) => name)
  } catch (error) {
    // undefined_table: nothing was migrated yet.
    if ((error as { code?: unknown }).code === '42P01') return []
    throw error
  }
}
