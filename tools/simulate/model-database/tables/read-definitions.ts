import { type Expression, isSame } from '../sql/expression.ts'
import { parseExpression } from '../sql/parse-expression.ts'
import { TokenReader } from '../sql/read-tokens.ts'
import type { Column, ForeignKey } from './table.ts'

/** An index as it was created; without a condition all rows are in it. */
export interface IndexDefinition {
  readonly name: string
  readonly table: string
  readonly columns: readonly string[]
  readonly isUnique: boolean
  readonly condition: Expression | undefined
}

/** A table as it was created. */
export interface TableDefinition {
  readonly name: string
  readonly columns: Column[]
  readonly indexes: IndexDefinition[]
  readonly foreignKeys: ForeignKey[]
  readonly checks: { readonly name: string; readonly holds: Expression }[]
}

/** Triggers refuse what the service never does; parts of a table are no tables of their own here. */
const unmodelled = /^create (function|trigger) |^create table \w+ partition of /

/** What the migrations' statements make: tables, and the statements that write rows. Others are not understood, which throws. */
export function readDefinitions(statements: readonly string[]): {
  readonly tables: ReadonlyMap<string, TableDefinition>
  readonly writes: readonly string[]
} {
  const tables = new Map<string, TableDefinition>()
  const writes: string[] = []
  for (const text of statements) {
    if (unmodelled.test(text)) continue
    const reader = new TokenReader(text)
    if (reader.accept('create', 'table')) readTable(reader, tables)
    else if (reader.accept('create', 'index')) readIndex(reader, tables, false)
    else if (reader.accept('create', 'unique', 'index')) readIndex(reader, tables, true)
    else if (reader.accept('alter', 'table')) readAlteration(reader, tables)
    else if (reader.accept('insert') || reader.accept('update')) writes.push(text)
    // What a migration reads of rows that are there already: here there are none.
    else if (!reader.accept('select')) throw reader.refuse()
  }
  return { tables, writes }
}

const toColumnValue =
  (_qualifier: string | undefined, name: string) => (row: Readonly<Record<string, unknown>>) =>
    row[name] ?? null

function readTable(reader: TokenReader, tables: Map<string, TableDefinition>): void {
  const name = reader.takeName()
  const table: TableDefinition = { name, columns: [], indexes: [], foreignKeys: [], checks: [] }
  tables.set(name, table)
  reader.expect('(')
  do {
    if (reader.accept('check', '(')) addCheck(reader, table, `${name}_check`)
    else if (reader.accept('primary', 'key', '(')) addPrimaryKey(reader, table)
    else readColumn(reader, table)
  } while (reader.accept(','))
  reader.expect(')')
}

/** A primary key of several columns, which are declared not to be null. */
function addPrimaryKey(reader: TokenReader, table: TableDefinition): void {
  const columns: string[] = []
  do columns.push(reader.takeName())
  while (reader.accept(','))
  reader.expect(')')
  const name = `${table.name}_pkey`
  table.indexes.push({ name, table: table.name, columns, isUnique: true, condition: undefined })
}

/** Columns and checks that are added. */
function readAlteration(reader: TokenReader, tables: Map<string, TableDefinition>): void {
  const table = tables.get(reader.takeName())
  if (table === undefined) throw reader.refuse()
  do {
    reader.expect('add')
    if (reader.accept('check', '(')) addCheck(reader, table, `${table.name}_check`)
    else {
      reader.expect('column')
      readColumn(reader, table)
    }
  } while (reader.accept(','))
}

function readColumn(reader: TokenReader, table: TableDefinition): void {
  const name = reader.takeName()
  let type = reader.takeName()
  if (reader.accept('[', ']')) type = 'array'
  const at =
    table.columns.push({ ...emptyColumn, name, isJson: type === 'jsonb', isUuid: type === 'uuid' }) - 1
  const set = (facts: Partial<Column>) => {
    table.columns[at] = { ...emptyColumn, name, ...table.columns[at], ...facts }
  }
  let constraint: string | undefined
  const addKey = (suffix: string) =>
    table.indexes.push({
      name: constraint ?? `${table.name}${suffix}`,
      table: table.name,
      columns: [name],
      isUnique: true,
      condition: undefined,
    })
  for (;;) {
    if (reader.accept('constraint')) constraint = reader.takeName()
    else if (reader.accept('primary', 'key')) {
      set({ isRequired: true })
      addKey('_pkey')
    } else if (reader.accept('not', 'null')) set({ isRequired: true })
    else if (reader.accept('unique')) addKey(`_${name}_key`)
    else if (reader.accept('generated', 'always', 'as', 'identity'))
      set({ isRequired: true, isIdentity: true })
    else if (reader.accept('default')) set({ makeDefault: readDefault(reader, type) })
    else if (reader.accept('check', '(')) addCheck(reader, table, `${table.name}_${name}_check`)
    else if (reader.accept('references')) readReference(reader, table, name)
    else return
  }
}

const emptyColumn: Column = Object.freeze({
  name: '',
  isRequired: false,
  isIdentity: false,
  isJson: false,
  isUuid: false,
  makeDefault: undefined,
})

function addCheck(reader: TokenReader, table: TableDefinition, name: string): void {
  table.checks.push({ name, holds: parseExpression(reader, toColumnValue) })
  reader.expect(')')
}

/** Arrays and objects that are shared between rows: nothing changes a value in place. */
function readDefault(reader: TokenReader, type: string): Expression {
  const value = parseExpression(reader, () => undefined)
  if (type !== 'array' && type !== 'jsonb') return value
  const empty = Object.freeze(type === 'array' ? [] : {})
  return () => empty
}

function readReference(reader: TokenReader, table: TableDefinition, column: string): void {
  table.foreignKeys.push({ column, table: reader.takeName(), name: `${table.name}_${column}_fkey` })
  reader.expect('(')
  if (reader.takeName() !== 'id') throw reader.refuse()
  reader.expect(')')
}

function readIndex(reader: TokenReader, tables: Map<string, TableDefinition>, isUnique: boolean): void {
  const name = reader.takeName()
  reader.expect('on')
  const table = reader.takeName()
  if (reader.accept('using')) reader.takeName()
  reader.expect('(')
  const columns: string[] = []
  do {
    columns.push(reader.takeName())
    // Another order makes only a search faster.
    reader.accept('text_pattern_ops')
  } while (reader.accept(','))
  reader.expect(')')
  const condition = reader.accept('where') ? parseExpression(reader, toColumnValue) : undefined
  tables.get(table)?.indexes.push({ name, table, columns, isUnique, condition })
}

/** Makes the function that gives a row's key in an index: the value itself, or a text of several. */
export function makeToKey({
  columns,
  condition,
}: IndexDefinition): (row: Readonly<Record<string, unknown>>) => unknown {
  const [first = ''] = columns
  const toKey =
    columns.length === 1
      ? (row: Readonly<Record<string, unknown>>) => row[first] ?? undefined
      : (row: Readonly<Record<string, unknown>>) => {
          let key = ''
          for (const column of columns) key += `/${row[column] ?? ''}`
          return key
        }
  if (condition === undefined) return toKey
  return (row) => (isSame(condition(row, undefined as never), true) ? toKey(row) : undefined)
}
