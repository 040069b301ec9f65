import type { ModelRow } from '../model-database.ts'
import type { Steps } from '../server/wait.ts'
import { deleteRow, updateRow } from '../tables/change-row.ts'
import type { Tables } from '../tables/make-tables.ts'
import type { Execution, Expression } from './expression.ts'
import { makeNames, type Names, parseLocals, takeTable } from './names.ts'
import { parseExpression } from './parse-expression.ts'
import type { TokenReader } from './read-tokens.ts'
import { parseSelectList } from './select-list.ts'
import type { Answer, StatementModel } from './statement.ts'
import { parseWhere } from './where.ts'

/** Compiles an update of one table, behind the word `update`. Throws UnknownSqlError. */
export function compileUpdate(reader: TokenReader, tables: Tables): StatementModel {
  const { table: definition, alias } = takeTable(reader, tables)
  const names = makeNames()
  reader.expect('set')
  const toNext = parseAssignments(reader, names)
  const locals = reader.accept('from') ? parseLocals(reader) : undefined
  names.bind(definition, alias, locals?.names)
  const where = parseWhere(reader, names, definition)
  const returning = reader.accept('returning') ? parseSelectList(reader, names) : undefined
  return function* (at): Steps<Answer> {
    const table = at.server.tables[definition.name]
    if (table.lock) yield* table.lock.lock(at.transaction, false)
    const found = where.findRows(table, at)
    if (locals)
      at.locals = Object.fromEntries([...locals.names].map((name, n) => [name, locals.values[n]?.({}, at)]))
    const isStillMeant = (newest: ModelRow) => where.isMeant(newest, at)
    const written: ModelRow[] = []
    for (const one of found) {
      const next = yield* updateRow(at, one, isStillMeant, (now) => toNext(now, at))
      if (next !== undefined) written.push(next)
    }
    const rows = returning ? written.map((row) => returning(row, at)) : []
    return { command: 'UPDATE', rowCount: written.length, rows }
  }
}

/** Compiles a deletion from one table, behind the word `delete`. Throws UnknownSqlError. */
export function compileDelete(reader: TokenReader, tables: Tables): StatementModel {
  reader.expect('from')
  const { table: definition, alias } = takeTable(reader, tables)
  const names = makeNames()
  names.bind(definition, alias)
  const where = parseWhere(reader, names, definition)
  return function* (at): Steps<Answer> {
    const table = at.server.tables[definition.name]
    if (table.lock) yield* table.lock.lock(at.transaction, false)
    const isStillMeant = (newest: ModelRow) => where.isMeant(newest, at)
    let rowCount = 0
    for (const one of where.findRows(table, at)) {
      if ((yield* deleteRow(at, one, isStillMeant)) !== undefined) rowCount += 1
    }
    return { command: 'DELETE', rowCount, rows: [] }
  }
}

/** Parses `column = value, …` into what makes a row's next version. */
export function parseAssignments(
  reader: TokenReader,
  names: Names,
): (now: ModelRow, at: Execution) => ModelRow {
  const assignments: { readonly column: string; readonly value: Expression }[] = []
  do {
    const column = reader.takeName()
    names.resolve(undefined, column)
    reader.expect('=')
    assignments.push({ column, value: parseExpression(reader, names.resolve) })
  } while (reader.accept(','))
  return (now, at) => {
    const next: Record<string, unknown> = { ...now }
    for (const { column, value } of assignments) next[column] = value(now, at)
    return next
  }
}
