import type { ModelRow } from '../model-database.ts'
import type { Execution } from '../sql/expression.ts'
import type { Found } from '../tables/change-row.ts'
import type { Tables } from '../tables/make-tables.ts'
import { findVisible, type Row } from '../tables/row.ts'

/** What a snapshot taken now sees of a table, in the order of insertion. */
export function readTable(
  at: Execution,
  name: keyof Tables,
  isMeant: (row: ModelRow) => boolean = () => true,
): Found[] {
  const found: Found[] = []
  for (const row of at.server.tables[name].rows) {
    const seen = findVisible(row, at.transaction)
    if (seen !== undefined && isMeant(seen)) found.push({ row, seen })
  }
  return found
}

/** The row of a primary key as a snapshot taken now sees it. */
export function findByKey(at: Execution, name: keyof Tables, key: unknown): Found | undefined {
  const row: Row | undefined = at.server.tables[name].indexes[0]?.rows.get(key)?.[0]
  const seen = row && findVisible(row, at.transaction)
  return row && seen && { row, seen }
}

/** `order by` of a column with numbers, nulls last. */
export function byNumber(column: string): (a: Found, b: Found) => number {
  return (a, b) => Number(a.seen[column] ?? Infinity) - Number(b.seen[column] ?? Infinity)
}
