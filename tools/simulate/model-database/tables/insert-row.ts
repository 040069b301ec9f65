import type { ModelRow } from '../model-database.ts'
import { toForeignKeyViolation, toServerError, toUniqueViolation } from '../server/server-error.ts'
import { awaitTransaction, type Steps } from '../server/wait.ts'
import type { Execution } from '../sql/expression.ts'
import { lockRow } from './lock-row.ts'
import { findVisible, type Row, strengths } from './row.ts'
import { addRow, addToIndex, type Column, type Index, type Table } from './table.ts'

/** Inserts a row and returns it; waits for others that are about to commit one with the same key. Throws what a constraint says. */
export function* insertRow(at: Execution, table: Table, given: ModelRow): Steps<ModelRow> {
  return yield* insertComplete(at, table, toComplete(at, table, given))
}

/**
 * Inserts a row, or does with the one that is there already what `onConflict` says, by default nothing; a conflict on another index than
 * `arbiters` throws.
 */
export function* insertOrElse(
  at: Execution,
  table: Table,
  given: ModelRow,
  arbiters: readonly Index[],
  onConflict?: (at: Execution, existing: Row, excluded: ModelRow) => Steps<ModelRow | undefined>,
): Steps<ModelRow | undefined> {
  const values = toComplete(at, table, given)
  for (const index of arbiters) {
    const existing = yield* findRival(at, index, values, undefined)
    if (existing) return onConflict && (yield* onConflict(at, existing, values))
  }
  return yield* insertComplete(at, table, values)
}

function* insertComplete(at: Execution, table: Table, values: ModelRow): Steps<ModelRow> {
  const row = addRow(table, at.transaction, values)
  for (const index of table.indexes) yield* claimKey(at, index, values, row)
  yield* lockParents(at, table, values)
  return values
}

/** Puts a row's new version under its key; throws where another has it. */
export function* claimKey(at: Execution, index: Index, values: ModelRow, row: Row): Steps<void> {
  const key = index.toKey(values)
  if (key === undefined) return
  if (index.isUnique && (yield* findRival(at, index, values, row))) throw toUniqueViolation(index.name)
  addToIndex(index, key, row)
}

/** The row that has the key already; waits for those that may have it or give it back. */
function* findRival(
  { transaction }: Execution,
  index: Index,
  values: ModelRow,
  self: Row | undefined,
): Steps<Row | undefined> {
  const key = index.toKey(values)
  if (key === undefined) return undefined
  for (;;) {
    let other: Row | undefined
    for (const row of index.rows.get(key) ?? []) {
      if (row === self) continue
      if (row.writer !== undefined && row.writer !== transaction) other = row
      else if (hasKey(index, findVisible(row, transaction), key)) return row
    }
    if (other?.writer === undefined) return undefined
    yield* awaitTransaction(transaction, other.writer)
  }
}

function hasKey(index: Index, values: ModelRow | undefined, key: unknown): boolean {
  return values !== undefined && index.toKey(values) === key
}

/** The rows that are referred to stay: they are locked FOR KEY SHARE (PostgreSQL's triggers, after the statement). */
export function* lockParents(at: Execution, table: Table, values: ModelRow): Steps<void> {
  for (const { column, table: parentName, name } of table.foreignKeys) {
    const id = values[column]
    if (id === null) continue
    const parent = at.server.tables[parentName as keyof typeof at.server.tables]
    const row = parent.indexes.find(({ isKey }) => isKey)?.rows.get(id)?.[0]
    const seen = row && findVisible(row, at.transaction)
    if (!row || !seen) throw toForeignKeyViolation(name)
    yield* lockRow(at.transaction, row, seen, strengths.keyShare, () => true)
  }
}

/** All columns: defaults, the next of the sequence, texts of JSON read. */
function toComplete(at: Execution, table: Table, given: ModelRow): ModelRow {
  const values: Record<string, unknown> = {}
  for (const column of table.columns) {
    const { name, isIdentity, makeDefault } = column
    const value = given[name]
    if (value !== undefined) values[name] = typeof value === 'string' ? readText(column, value) : value
    else if (isIdentity) values[name] = drawNumber(table)
    else values[name] = makeDefault ? makeDefault(values, at) : null
  }
  assertRow(at, table, values)
  return values
}

function readText({ isJson, isUuid }: Column, text: string): unknown {
  if (isUuid) return text.toLowerCase()
  return isJson ? JSON.parse(text) : text
}

function drawNumber(table: Table): number {
  table.sequence += 1
  return table.sequence
}

/** Throws where a column is missing or a check does not hold. */
export function assertRow(at: Execution, table: Table, values: ModelRow): void {
  for (const { isRequired, name } of table.columns) {
    if (isRequired && values[name] === null) {
      throw toServerError('23502', `null value in column "${name}" of relation "${table.name}"`)
    }
  }
  for (const { name, holds } of table.checks) {
    if (holds(values, at) === false)
      throw toServerError('23514', `row violates check constraint "${name}"`, name)
  }
}
