import type { ModelRow } from '../model-database.ts'
import type { Server } from '../server/server.ts'
import type { Transaction } from '../server/transaction.ts'

/** One execution of a statement. */
export interface Execution {
  readonly server: Server
  readonly transaction: Transaction
  readonly parameters: readonly unknown[]
  /** When the statement arrived, by the database's clock: statement_timestamp(). */
  readonly startedAt: Date
  /** The database's clock as it is now. */
  readClock(): Date
  /** The row that could not be inserted: `excluded`. */
  excluded?: ModelRow
  /** Values of a subquery in the `from` clause. */
  locals?: ModelRow
}

/** A compiled expression: its value for a row. Undefined does not occur; SQL's null is null. */
export type Expression = (row: ModelRow, at: Execution) => unknown

/** Finds what a name means, or undefined. */
export type Resolve = (qualifier: string | undefined, name: string) => Expression | undefined

/** Equality of two values, null where one is. */
export function isEqual(a: unknown, b: unknown): boolean | null {
  if (a === null || b === null || a === undefined || b === undefined) return null
  if (a === b) return true
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, at) => isEqual(one, b[at]) !== false)
  }
  return false
}

/** `is not distinct from`: null equals null. */
export function isSame(a: unknown, b: unknown): boolean {
  return isEqual(a, b) ?? (a ?? null) === (b ?? null)
}

/** Negative, zero or positive; null where one is null. Texts are compared by code units (the C collation). */
export function compare(a: unknown, b: unknown): number | null {
  if (a === null || b === null || a === undefined || b === undefined) return null
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime()
  const [left, right] = [a as string, b as string]
  return left < right ? -1 : left > right ? 1 : 0
}

/** Adds numbers, or an interval in milliseconds to an instant. */
export function add(a: unknown, b: unknown): unknown {
  if (a === null || b === null) return null
  if (a instanceof Date) return new Date(a.getTime() + Number(b))
  if (b instanceof Date) return new Date(b.getTime() + Number(a))
  return Number(a) + Number(b)
}

/** Subtracts numbers, an interval from an instant, or instants, which gives an interval in milliseconds. */
export function subtract(a: unknown, b: unknown): unknown {
  if (a === null || b === null) return null
  if (a instanceof Date)
    return b instanceof Date ? a.getTime() - b.getTime() : new Date(a.getTime() - Number(b))
  return Number(a) - Number(b)
}
