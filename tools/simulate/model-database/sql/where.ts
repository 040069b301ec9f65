import type { Found } from '../tables/change-row.ts'
import { findVisible, type Row } from '../tables/row.ts'
import type { Table } from '../tables/table.ts'
import { type Execution, type Expression, isEqual } from './expression.ts'
import type { Names } from './names.ts'
import { parseConjunct, parseSum } from './parse-expression.ts'
import type { TokenReader } from './read-tokens.ts'

/** A `where` clause: which rows are meant, and how they are found. */
export interface Where {
  /** Whether a version of a row is meant. */
  isMeant(row: Readonly<Record<string, unknown>>, at: Execution): boolean
  /** The rows that the statement's snapshot sees and means, in the order of their insertion. */
  findRows(table: Table, at: Execution): Found[]
}

/** Parses the `where` clause, where there is one; `indexed` has the table's indexes. */
export function parseWhere(reader: TokenReader, names: Names, indexed: Table): Where {
  const conditions: Expression[] = []
  let path: { readonly index: number; readonly key: Expression } | undefined
  if (reader.accept('where')) {
    do {
      const equality = parseEquality(reader, names, indexed)
      conditions.push(equality?.holds ?? parseConjunct(reader, names.resolve))
      const index = indexed.indexes.findIndex(
        ({ columns, isTotal }) => isTotal && columns.length === 1 && columns[0] === equality?.column,
      )
      if (equality && index >= 0) path ??= { index, key: equality.key }
    } while (reader.accept('and'))
  }
  const [first, ...others] = conditions
  const isMeant: Where['isMeant'] = (row, at) =>
    (first === undefined || first(row, at) === true) && others.every((one) => one(row, at) === true)
  return {
    isMeant,
    findRows(table, at) {
      const rows: Iterable<Row> = path
        ? (table.indexes[path.index]?.rows.get(path.key({}, at)) ?? [])
        : table.rows
      const found: Found[] = []
      for (const row of rows) {
        const seen = findVisible(row, at.transaction)
        if (seen !== undefined && isMeant(seen, at)) found.push({ row, seen })
      }
      return found.length > 1 && path ? found.sort((a, b) => a.row.order - b.row.order) : found
    },
  }
}

/** `column = value` with a value that is the same for all rows. */
function parseEquality(
  reader: TokenReader,
  names: Names,
  { columns }: Table,
): { holds: Expression; column: string; key: Expression } | undefined {
  const isQualified = reader.peek(1).value === '.'
  const at = isQualified ? 3 : 1
  const isName = ['name', 'word'].includes(reader.next.kind) && reader.peek(at).value === '='
  const follows = reader.peek(at + 1)
  if (!isName || follows.value === 'any' || !['parameter', 'number', 'text'].includes(follows.kind))
    return undefined
  const qualifier = isQualified ? reader.takeName() : undefined
  if (isQualified) reader.expect('.')
  const column = reader.takeName()
  reader.expect('=')
  const value = names.resolve(qualifier, column)
  const given = parseSum(reader, names.resolve)
  const isUuid = columns.some(({ isUuid: is, name }) => is && name === column)
  const key: Expression = isUuid ? (row, x) => toUuid(given(row, x)) : given
  return { column, key, holds: (row, x) => isEqual(value?.(row, x), key(row, x)) }
}

function toUuid(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}
