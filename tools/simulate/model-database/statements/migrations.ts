import type { ModelRow } from '../model-database.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { migrationNames } from '../tables/make-tables.ts'

const none: StatementModel = () => toSelected([])

/** What Kysely's migrator asks, by the beginnings of its texts: the model says that all is migrated already. */
const answers: readonly (readonly [string, StatementModel])[] = [
  [
    'select "a"."attname" as "column",',
    () => toSelected([toColumn('auth_migrations'), toColumn('auth_migrations_lock')]),
  ],
  ['select "id" from "auth_migrations_lock"', () => toSelected([{ id: 'migration_lock' }])],
  ['with set_timeout as (', none],
  ['select pg_advisory_unlock', none],
  ['select "name", "timestamp" from "auth_migrations"', () => toSelected(migrationNames.map(toMigration))],
  ['select name from auth_migrations', () => toSelected(migrationNames.map(toMigration))],
]

/** The model of a statement of the migrator, or undefined. */
export function findMigratorStatement(text: string): StatementModel | undefined {
  return answers.find(([beginning]) => text.startsWith(beginning))?.[1]
}

function toColumn(table: string): ModelRow {
  const type = { type: 'varchar', type_schema: 'pg_catalog', table_type: 'r' }
  return { ...type, table, column: 'name', schema: 'public', not_null: true, has_default: false }
}

function toMigration(name: string): ModelRow {
  return { name, timestamp: '2026-01-01T00:00:00.000Z' }
}
