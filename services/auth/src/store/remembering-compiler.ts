import {
  ColumnNode,
  type CompiledQuery,
  type OperationNode,
  PostgresDialect,
  PostgresQueryCompiler,
  type QueryId,
  RawNode,
  ReferenceNode,
  type RootOperationNode,
  TableNode,
  ValueNode,
} from 'kysely'

type SqlPart = readonly string[]

/** What a statement's text was made of, part for part, and the text. */
interface KnownText {
  readonly parts: readonly SqlPart[]
  readonly sql: string
}

/** A template has more texts than this only where a list of any length is joined into it; those are made each time. */
const textsMax = 8
/** Stands among the parts for a parameter. */
const parameterPart: SqlPart = Object.freeze([])

/** Kysely's dialect, which compiles a statement that was written with `sql` only once. */
export class RememberingDialect extends PostgresDialect {
  override createQueryCompiler(): PostgresQueryCompiler {
    return new RememberingCompiler()
  }
}

/** Of the whole process: a template is one object for all connections. */
const known = new WeakMap<SqlPart, KnownText[]>()

/**
 * Compiles as Kysely does, to the same text and parameters, but remembers the text by the template literal that it was written as: with the
 * parts that other templates or `sql.raw` gave, it says everything but the parameters. Statements that are built are compiled each time.
 */
export class RememberingCompiler extends PostgresQueryCompiler {
  override compileQuery(node: RootOperationNode, queryId: QueryId): CompiledQuery {
    const parts: SqlPart[] = []
    const parameters: unknown[] = []
    if (!RawNode.is(node) || !collect(node, parts, parameters)) return super.compileQuery(node, queryId)
    const texts = known.get(node.sqlFragments)
    const found = texts?.find((text) => hasParts(text, parts))
    if (found !== undefined) return { query: node, queryId, sql: found.sql, parameters }
    const compiled = super.compileQuery(node, queryId)
    const { sql } = compiled
    if (texts === undefined) known.set(node.sqlFragments, [{ parts, sql }])
    else if (texts.length < textsMax) texts.push({ parts, sql })
    return compiled
  }
}

/** Lists what the text is made of, and the parameters, in their order; false where there is more than that. */
function collect(node: RawNode, parts: SqlPart[], parameters: unknown[]): boolean {
  parts.push(node.sqlFragments)
  return node.parameters.every((inner: OperationNode) => {
    if (RawNode.is(inner)) return collect(inner, parts, parameters)
    if (!ValueNode.is(inner) || inner.immediate) return addName(inner, parts)
    parts.push(parameterPart)
    parameters.push(inner.value)
    return true
  })
}

/** The name of a table or a column, as `sql.table` and `sql.ref` give it; false for all else. */
function addName(node: OperationNode, parts: SqlPart[]): boolean {
  if (TableNode.is(node)) {
    const { identifier, schema } = node.table
    parts.push(['table', schema?.name ?? '', identifier.name])
    return true
  }
  if (!ReferenceNode.is(node) || !ColumnNode.is(node.column)) return false
  parts.push(['column', node.column.column.name])
  return node.table === undefined || addName(node.table, parts)
}

function hasParts({ parts: before }: KnownText, parts: readonly SqlPart[]): boolean {
  return (
    before.length === parts.length && before.every((part, at) => isSame(part, parts[at] ?? parameterPart))
  )
}

/** `sql.raw` and `sql.join` make their parts anew each time. */
function isSame(one: SqlPart, other: SqlPart): boolean {
  return one === other || (one.length === other.length && one.every((text, at) => text === other[at]))
}
