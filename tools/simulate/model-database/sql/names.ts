import type { Tables } from '../tables/make-tables.ts'
import type { Table } from '../tables/table.ts'
import type { Expression, Resolve } from './expression.ts'
import { parseExpression } from './parse-expression.ts'
import { type TokenReader, UnknownSqlError } from './read-tokens.ts'

/** The names in a statement; what comes before its `from` is known only afterwards. */
export interface Names {
  readonly resolve: Resolve
  /** How many names of columns were met so far. */
  readonly count: number
  /** Says what all names mean, those met before too. */
  bind(table: Table | undefined, alias: string | undefined, locals?: ReadonlySet<string>): void
}

/** Makes the names of one statement. */
export function makeNames(): Names {
  const met: { qualifier: string | undefined; name: string; set(meaning: Expression): void }[] = []
  let lookUp: ((qualifier: string | undefined, name: string) => Expression) | undefined
  return {
    get count() {
      return met.length
    },
    resolve(qualifier, name) {
      let meaning: Expression | undefined = lookUp?.(qualifier, name)
      met.push({
        qualifier,
        name,
        set: (found) => {
          meaning = found
        },
      })
      return meaning ?? ((row, at) => (meaning as Expression)(row, at))
    },
    bind(table, alias, locals) {
      lookUp = (qualifier, name) => findMeaning(qualifier, name, { table, alias, locals })
      for (const one of met) one.set(lookUp(one.qualifier, one.name))
    },
  }
}

interface Scope {
  readonly table: Table | undefined
  readonly alias: string | undefined
  readonly locals: ReadonlySet<string> | undefined
}

function findMeaning(
  qualifier: string | undefined,
  name: string,
  { table, alias, locals }: Scope,
): Expression {
  if (qualifier === 'excluded' && table?.columnNames.has(name)) return (_row, at) => at.excluded?.[name]
  if (qualifier === undefined && locals?.has(name)) return (_row, at) => at.locals?.[name]
  const isOfTable = qualifier === undefined || qualifier === table?.name || qualifier === alias
  if (!isOfTable || !table?.columnNames.has(name)) throw new UnknownSqlError(`no column ${name}`)
  return (row) => row[name]
}

/** The table that is named next, and its alias. */
export function takeTable(reader: TokenReader, tables: Tables): { table: Table; alias: string | undefined } {
  const name = reader.takeName()
  const table = (tables as Readonly<Record<string, Table>>)[name]
  if (table === undefined) throw new UnknownSqlError(`no table ${name}`)
  const hasAlias = reader.accept('as') || (reader.next.kind === 'word' && !clauses.has(reader.next.value))
  return { table, alias: hasAlias ? reader.takeName() : undefined }
}

const clauses = new Set([
  'where',
  'set',
  'order',
  'limit',
  'for',
  'returning',
  'from',
  'values',
  'left',
  'join',
])

/** `(select <expression> as <name>) as <alias>`: evaluated once, when the statement begins. */
export function parseLocals(reader: TokenReader): {
  names: ReadonlySet<string>
  values: readonly Expression[]
} {
  reader.expect('(', 'select')
  const names = new Set<string>()
  const values: Expression[] = []
  do {
    values.push(parseExpression(reader, () => undefined))
    reader.expect('as')
    names.add(reader.takeName())
  } while (reader.accept(','))
  reader.expect(')', 'as')
  reader.takeName()
  return { names, values }
}
