import type { ModelRow } from '../model-database.ts'
import { compare, type Execution, type Expression } from './expression.ts'
import type { Names } from './names.ts'
import { parseExpression } from './parse-expression.ts'
import type { TokenReader } from './read-tokens.ts'

/** One row out of all that are found. */
export type Aggregates = (rows: readonly ModelRow[], at: Execution) => ModelRow

/** Parses a list that is all `count(*)`, `min` and `max`, or returns undefined where it begins with something else. */
export function parseAggregates(reader: TokenReader, names: Names): Aggregates | undefined {
  if (!isAggregate(reader)) return undefined
  const items: { name: string; read(rows: readonly ModelRow[], at: Execution): unknown }[] = []
  do {
    if (!isAggregate(reader)) throw reader.refuse()
    const kind = reader.takeName()
    reader.expect('(')
    const value = kind === 'count' ? expectAll(reader) : parseExpression(reader, names.resolve)
    reader.expect(')')
    if (reader.accept('::')) reader.takeName()
    const name = reader.accept('as') ? reader.takeName() : kind
    items.push({
      name,
      read: (rows, at) => (value ? pick(rows, value, at, kind === 'min' ? -1 : 1) : rows.length),
    })
  } while (reader.accept(','))
  return (rows, at) => Object.fromEntries(items.map(({ name, read }) => [name, read(rows, at)]))
}

function isAggregate(reader: TokenReader): boolean {
  return reader.peek(1).value === '(' && ['count', 'min', 'max'].includes(reader.next.value)
}

function expectAll(reader: TokenReader): undefined {
  reader.expect('*')
}

function pick(rows: readonly ModelRow[], value: Expression, at: Execution, sign: number): unknown {
  let picked: unknown = null
  for (const row of rows) {
    const one = value(row, at)
    if (one !== null && (picked === null || sign * (compare(one, picked) ?? 0) > 0)) picked = one
  }
  return picked
}
