import type { Schema } from '../../../../services/auth/src/store/schema.ts'
import type { ModelRow } from '../model-database.ts'
import type { Transaction } from '../server/transaction.ts'
import type { Expression } from '../sql/expression.ts'
import type { TableLock } from './lock-table.ts'
import type { Row } from './row.ts'

/** A column, as `create table` describes it. */
export interface Column {
  readonly name: string
  readonly isRequired: boolean
  /** Drawn from a sequence, which no rollback takes back. */
  readonly isIdentity: boolean
  readonly isJson: boolean
  /** Texts of it are equal in any case. */
  readonly isUuid: boolean
  readonly makeDefault: Expression | undefined
}

/** A constraint on other tables' rows: a row is written only while they are there. */
export interface ForeignKey {
  readonly column: string
  readonly table: string
  readonly name: string
}

/** Where rows are found by their columns' values: committed ones, and those that a transaction is about to commit. */
export interface Index {
  readonly name: string
  readonly columns: readonly string[]
  readonly isUnique: boolean
  /** All rows are in it. */
  readonly isTotal: boolean
  /** Unique and total: an update of its columns takes the strongest lock. */
  readonly isKey: boolean
  /** The key of a row, undefined where the index does not have it. */
  toKey(row: ModelRow): unknown
  readonly rows: Map<unknown, Row[]>
}

/** A table. */
export interface Table {
  readonly name: keyof Schema
  readonly columns: readonly Column[]
  readonly columnNames: ReadonlySet<string>
  readonly indexes: readonly Index[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly checks: readonly { readonly name: string; readonly holds: Expression }[]
  readonly rows: Set<Row>
  /** The lock on the whole table, where a statement of the service takes it. */
  readonly lock: TableLock | undefined
  nextOrder: number
  /** The last number of its sequence. */
  sequence: number
}

/** Puts a row under its key, where it is not yet. */
export function addToIndex(index: Index, key: unknown, row: Row): void {
  const rows = index.rows.get(key)
  if (rows === undefined) index.rows.set(key, [row])
  else if (!rows.includes(row)) rows.push(row)
}

/** Takes a row from under a key. */
export function removeFromIndex(index: Index, key: unknown, row: Row): void {
  const rows = index.rows.get(key)
  if (rows === undefined) return
  const at = rows.indexOf(row)
  if (at >= 0) rows.splice(at, 1)
  if (rows.length === 0) index.rows.delete(key)
}

/** Makes a row that nobody else sees yet. */
export function addRow(table: Table, transaction: Transaction, pending: ModelRow): Row {
  table.nextOrder += 1
  const row: Row = {
    table,
    order: table.nextOrder,
    committed: undefined,
    writer: undefined,
    pending: undefined,
    held: [],
    queue: [],
  }
  transaction.write(row, pending)
  table.rows.add(row)
  return row
}

/** Ends a transaction's hold on a row's future: what it wrote counts from now on, or never was. */
export function settleRow(row: Row, isCommitted: boolean): void {
  const { table } = row
  const gone = isCommitted ? row.committed : row.pending
  const kept = isCommitted ? row.pending : row.committed
  for (const index of table.indexes) {
    const key = gone === undefined ? undefined : index.toKey(gone)
    if (key === undefined || (kept !== undefined && index.toKey(kept) === key)) continue
    removeFromIndex(index, key, row)
  }
  row.committed = kept
  row.pending = undefined
  row.writer = undefined
  if (kept === undefined) table.rows.delete(row)
}
