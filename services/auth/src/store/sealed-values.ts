import { type Kysely, sql } from 'kysely'
import type { Schema } from './schema.ts'

/** A table's column of sealed values, and what each value is bound to. */
export interface SealedColumn {
  readonly table: 'keys' | 'platform_accounts' | 'platform_revocations' | 'platform_connections'
  readonly key: string
  readonly column: string
  readonly toContext: (row: Readonly<Record<string, unknown>>) => string
}

/** A sealed value and the row that it is in. */
export interface SealedValue {
  readonly key: unknown
  readonly sealed: Uint8Array
  readonly context: string
}

/** Which values are listed: at most `max`, of rows behind the one with the key `after`, where it is given. */
export interface SealedPage {
  readonly prefix: Uint8Array
  readonly max: number
  readonly after: unknown
}

/** Values of a column that do not begin with `prefix`, in the order of their rows' keys. */
export async function listSealedOtherwise(
  db: Kysely<Schema>,
  at: SealedColumn,
  { prefix, max, after }: SealedPage,
): Promise<SealedValue[]> {
  const [table, column, key] = [sql.table(at.table), sql.ref(at.column), sql.ref(at.key)]
  const behind = after === undefined ? sql`` : sql`and ${key} > ${after}`
  const { rows } = await sql<Record<string, unknown>>`
    select * from ${table}
    where substring(${column} from 1 for ${prefix.length}::integer) <> ${prefix} ${behind}
    order by ${key} limit ${max}`.execute(db)
  return rows.map((row) => ({
    key: row[at.key],
    sealed: row[at.column] as Uint8Array,
    context: at.toContext(row),
  }))
}

/** Puts another sealing of the same secret into a row, if the row still has the one that was read. */
export async function replaceSealed(
  db: Kysely<Schema>,
  at: SealedColumn,
  { key, sealed }: SealedValue,
  replacement: Uint8Array,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update ${sql.table(at.table)} set ${sql.ref(at.column)} = ${replacement}
    where ${sql.ref(at.key)} = ${key} and ${sql.ref(at.column)} = ${sealed}`.execute(db)
  return numAffectedRows === 1n
}
