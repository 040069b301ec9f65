import type { ModelRow } from '../model-database.ts'
import type { Steps } from '../server/wait.ts'
import type { Found } from '../tables/change-row.ts'
import { lockRow } from '../tables/lock-row.ts'
import type { Tables } from '../tables/make-tables.ts'
import { type Strength, strengths } from '../tables/row.ts'
import { parseAggregates } from './aggregates.ts'
import { compare, type Execution, type Expression } from './expression.ts'
import { makeNames, type Names, takeTable } from './names.ts'
import { parseExpression } from './parse-expression.ts'
import type { TokenReader } from './read-tokens.ts'
import { parseSelectList } from './select-list.ts'
import { type Answer, type StatementModel, toSelected } from './statement.ts'
import { parseWhere } from './where.ts'

/** Compiles a query of one table or none, behind the word `select`. Throws UnknownSqlError. */
export function compileSelect(reader: TokenReader, tables: Tables): StatementModel {
  const names = makeNames()
  const aggregates = parseAggregates(reader, names)
  const list = aggregates === undefined ? parseSelectList(reader, names) : () => ({})
  if (!reader.accept('from')) {
    names.bind(undefined, undefined)
    return (at) => toSelected([list({}, at)])
  }
  const { table: definition, alias } = takeTable(reader, tables)
  names.bind(definition, alias)
  const where = parseWhere(reader, names, definition)
  const sort = parseOrder(reader, names)
  const limit = reader.accept('limit') ? parseExpression(reader, names.resolve) : undefined
  const strength = parseLocking(reader)
  const find = (at: Execution) => {
    const found = sort(where.findRows(at.server.tables[definition.name], at), at)
    return limit === undefined ? found : found.slice(0, Number(limit({}, at)))
  }
  if (aggregates)
    return (at) =>
      toSelected([
        aggregates(
          find(at).map(({ seen }) => seen),
          at,
        ),
      ])
  if (strength === undefined) return (at) => toSelected(find(at).map(({ seen }) => list(seen, at)))
  return function* (at): Steps<Answer> {
    const { lock } = at.server.tables[definition.name]
    if (lock) yield* lock.lock(at.transaction, false)
    const isStillMeant = (newest: ModelRow) => where.isMeant(newest, at)
    const rows: ModelRow[] = []
    for (const { row, seen } of find(at)) {
      // Before the lock: PostgreSQL computes the list below the node that locks, and again only where the row has changed.
      const output = list(seen, at)
      const newest = yield* lockRow(at.transaction, row, seen, strength, isStillMeant)
      if (newest !== undefined) rows.push(newest === seen ? output : list(newest, at))
    }
    return toSelected(rows)
  }
}

/** Sorts by columns, nulls last; rows that are equal stay in the order of their insertion. */
function parseOrder(reader: TokenReader, names: Names): (found: Found[], at: Execution) => Found[] {
  if (!reader.accept('order', 'by')) return (found) => found
  const keys: { readonly value: Expression; readonly sign: number }[] = []
  do {
    const value = parseExpression(reader, names.resolve)
    const isDescending = reader.accept('desc')
    if (!isDescending) reader.accept('asc')
    keys.push({ value, sign: isDescending ? -1 : 1 })
  } while (reader.accept(','))
  return (found, at) =>
    found.sort((a, b) => {
      for (const { value, sign } of keys) {
        const [left, right] = [value(a.seen, at), value(b.seen, at)]
        const order = compare(left, right) ?? Number(left === null) - Number(right === null)
        if (order !== 0) return sign * order
      }
      return a.row.order - b.row.order
    })
}

function parseLocking(reader: TokenReader): Strength | undefined {
  if (!reader.accept('for')) return undefined
  if (reader.accept('update')) return strengths.update
  if (reader.accept('share')) return strengths.share
  if (reader.accept('no', 'key', 'update')) return strengths.noKeyUpdate
  reader.expect('key', 'share')
  return strengths.keyShare
}
