import type { ModelRow } from '../model-database.ts'
import type { Steps } from '../server/wait.ts'
import { updateRow } from '../tables/change-row.ts'
import { insertOrElse, insertRow } from '../tables/insert-row.ts'
import type { Tables } from '../tables/make-tables.ts'
import { findVisible, type Row } from '../tables/row.ts'
import type { Table } from '../tables/table.ts'
import { parseAssignments } from './compile-update.ts'
import type { Execution, Expression } from './expression.ts'
import { makeNames, type Names, parseLocals, takeTable } from './names.ts'
import { parseExpression, parseList } from './parse-expression.ts'
import type { TokenReader } from './read-tokens.ts'
import { parseSelectList } from './select-list.ts'
import type { Answer, StatementModel } from './statement.ts'

/** Compiles an insert of values or of one selected row, behind the word `insert`. Throws UnknownSqlError. */
export function compileInsert(reader: TokenReader, tables: Tables): StatementModel {
  reader.expect('into')
  const { table: definition, alias } = takeTable(reader, tables)
  const names = makeNames()
  reader.expect('(')
  const columns: string[] = []
  do columns.push(reader.takeName())
  while (reader.accept(','))
  reader.expect(')')
  if (!columns.every((name) => definition.columnNames.has(name))) throw reader.refuse()
  const { rows: lists, locals } = parseRows(reader, names)
  names.bind(definition, alias, locals?.names)
  const conflict = parseConflict(reader, names, definition)
  const returning = reader.accept('returning') ? parseSelectList(reader, names) : undefined
  return function* (at): Steps<Answer> {
    const table = at.server.tables[definition.name]
    if (table.lock) yield* table.lock.lock(at.transaction, false)
    if (locals) at.locals = toRow([...locals.names], locals.values, at)
    const written: ModelRow[] = []
    for (const list of lists) {
      const row = yield* conflict(at, table, toRow(columns, list, at))
      if (row !== undefined) written.push(row)
    }
    const rows = returning ? written.map((row) => returning(row, at)) : []
    return { command: 'INSERT', rowCount: written.length, rows }
  }
}

function parseRows(reader: TokenReader, names: Names) {
  if (reader.accept('select')) {
    const list: Expression[] = []
    do list.push(parseExpression(reader, names.resolve))
    while (reader.accept(','))
    reader.expect('from')
    return { rows: [list], locals: parseLocals(reader) }
  }
  reader.expect('values')
  const rows: Expression[][] = []
  do {
    reader.expect('(')
    rows.push(parseList(reader, names.resolve))
  } while (reader.accept(','))
  return { rows, locals: undefined }
}

function toRow(columns: readonly string[], values: readonly Expression[], at: Execution): ModelRow {
  const row: Record<string, unknown> = {}
  for (const [place, name] of columns.entries()) row[name] = values[place]?.({}, at)
  return row
}

type Insert = (at: Execution, table: Table, given: ModelRow) => Steps<ModelRow | undefined>

function parseConflict(reader: TokenReader, names: Names, definition: Table): Insert {
  const never = (at: Execution, table: Table, given: ModelRow) => insertRow(at, table, given)
  if (!reader.accept('on', 'conflict')) return never
  const target = reader.accept('(') ? reader.takeName() : undefined
  if (target !== undefined) reader.expect(')')
  const isArbiter = definition.indexes.map(
    ({ columns, isUnique }) =>
      isUnique && (target === undefined || (columns.length === 1 && columns[0] === target)),
  )
  reader.expect('do')
  const otherwise = reader.accept('nothing') ? undefined : parseDoUpdate(reader, names)
  return (at, table, given) => {
    const arbiters = table.indexes.filter((_, place) => isArbiter[place])
    return insertOrElse(at, table, given, arbiters, otherwise)
  }
}

function parseDoUpdate(reader: TokenReader, names: Names) {
  reader.expect('update', 'set')
  const toNext = parseAssignments(reader, names)
  return function* (at: Execution, row: Row, excluded: ModelRow): Steps<ModelRow | undefined> {
    const seen = findVisible(row, at.transaction)
    at.excluded = excluded
    // It is the newest version that is updated, whether or not the snapshot saw it.
    return (
      seen &&
      (yield* updateRow(
        at,
        { row, seen },
        () => true,
        (now) => toNext(now, at),
      ))
    )
  }
}
