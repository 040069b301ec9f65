import { readdirSync } from 'node:fs'
import { Kysely, PostgresDialect } from 'kysely'
import type { Schema } from '../../../../services/auth/src/store/schema.ts'
import { makeTableLock } from './lock-table.ts'
import { makeToKey, readDefinitions, type TableDefinition } from './read-definitions.ts'
import type { Index, Table } from './table.ts'

/** The tables by their names. */
export type Tables = Readonly<Record<keyof Schema, Table>>

const folder = new URL('../../../../services/auth/src/store/migrations/', import.meta.url)

/** The migrations that have been carried out: all. */
export const migrationNames: readonly string[] = readdirSync(folder)
  .sort()
  .map((file) => file.replace(/\.ts$/, ''))

/** The schema, read from the service's own migrations: the model has the tables that the service makes. */
const definitions = readDefinitions(await listMigrationStatements())

/** The statements that put the first rows into the tables. */
export const firstWrites = definitions.writes

/** Makes the tables, empty. */
export function makeTables(): Tables {
  return Object.fromEntries(
    [...definitions.tables.values()].map((table) => [table.name, makeTable(table)]),
  ) as Tables
}

/** The tables that the service ever locks as a whole. */
const lockable: readonly string[] = ['sessions', 'keys'] satisfies (keyof Schema)[]

function makeTable(definition: TableDefinition): Table {
  return {
    name: definition.name as keyof Schema,
    columns: definition.columns,
    columnNames: new Set(definition.columns.map(({ name }) => name)),
    indexes: definition.indexes.flatMap(makeIndex),
    foreignKeys: definition.foreignKeys,
    checks: definition.checks,
    rows: new Set(),
    lock: lockable.includes(definition.name) ? makeTableLock() : undefined,
    nextOrder: 0,
    sequence: 0,
  }
}

/** Indexes that only make a search faster are left out, but for those of one column. */
function makeIndex(definition: TableDefinition['indexes'][number]): Index[] {
  const { columns, condition, isUnique, name } = definition
  const isTotal = condition === undefined
  if (!isUnique && !(isTotal && columns.length === 1)) return []
  const isKey = isUnique && isTotal
  return [{ name, columns, isUnique, isTotal, isKey, toKey: makeToKey(definition), rows: new Map() }]
}

async function listMigrationStatements(): Promise<string[]> {
  const texts: string[] = []
  const client = {
    query: async (text: string) => {
      texts.push(text)
      return { command: 'CREATE', rowCount: 0, rows: [] }
    },
    release: () => undefined,
  }
  const pool = { options: {}, connect: async () => client, end: async () => undefined }
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: pool as never }) })
  for (const name of migrationNames) {
    const { href } = new URL(`${name}.ts`, folder)
    const migration: { up(db: Kysely<unknown>): Promise<void> } = await import(href)
    await migration.up(kysely)
  }
  return texts
}
