import type { ModelRow } from '../model-database.ts'
import type { Transaction } from '../server/transaction.ts'
import type { RowWait } from './lock-row.ts'
import type { Table } from './table.ts'

/** How strongly a transaction holds a row; two conflict when their numbers together are above 4 (PostgreSQL 13.3.2). */
export const strengths = Object.freeze({ keyShare: 1, share: 2, noKeyUpdate: 3, update: 4 })

/** One of {@link strengths}. */
export type Strength = (typeof strengths)[keyof typeof strengths]

/** A lock on a row, until its transaction ends. */
export interface Held {
  readonly transaction: Transaction
  strength: Strength
}

/**
 * A row: what is committed, and what one transaction has written and others do not see yet. Older versions are not needed: a
 * statement takes what its snapshot sees before it first waits.
 */
export interface Row {
  readonly table: Table
  /** Rises with every insert. */
  readonly order: number
  committed: ModelRow | undefined
  /** Who has written `pending`, undefined for a deletion. */
  writer: Transaction | undefined
  pending: ModelRow | undefined
  readonly held: Held[]
  readonly queue: RowWait[]
}

/** What a transaction sees of a row now. */
export function findVisible(row: Row, transaction: Transaction): ModelRow | undefined {
  return row.writer === transaction ? row.pending : row.committed
}
