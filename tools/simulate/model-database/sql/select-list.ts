import type { ModelRow } from '../model-database.ts'
import type { Execution, Expression } from './expression.ts'
import type { Names } from './names.ts'
import { parseExpression } from './parse-expression.ts'
import type { TokenReader } from './read-tokens.ts'

/** What a statement returns of each row. */
export type SelectList = (row: ModelRow, at: Execution) => ModelRow

interface Item {
  readonly name: string
  readonly value: Expression
}

/** Parses the list after `select` or `returning`; it may be empty, for whoever wants to know only whether there are rows. */
export function parseSelectList(reader: TokenReader, names: Names): SelectList {
  if (reader.next.kind === 'word' && reader.next.value === 'from') return () => ({})
  const items: Item[] = []
  let hasAll = false
  do {
    if (reader.accept('*')) hasAll = true
    else if (reader.peek(1).value === '.' && reader.peek(2).value === '*') {
      names.resolve(reader.takeName(), 'id')
      reader.expect('.', '*')
      hasAll = true
    } else items.push(parseItem(reader, names))
  } while (reader.accept(','))
  if (hasAll && items.length === 0) return (row) => ({ ...row })
  return (row, at) => {
    const output: Record<string, unknown> = hasAll ? { ...row } : {}
    for (const { name, value } of items) output[name] = value(row, at)
    return output
  }
}

/** An unnamed expression is named as PostgreSQL does: after its column or function. */
function parseItem(reader: TokenReader, names: Names): Item {
  const first = reader.next
  const isQualified = reader.peek(1).value === '.'
  const named = isQualified ? reader.peek(2) : first
  const value = parseExpression(reader, names.resolve)
  if (reader.accept('as')) return { value, name: reader.takeName() }
  return { value, name: named.kind === 'name' || named.kind === 'word' ? named.value : '?column?' }
}
