import type { Tables } from '../tables/make-tables.ts'
import { compileInsert } from './compile-insert.ts'
import { compileSelect } from './compile-select.ts'
import { compileDelete, compileUpdate } from './compile-update.ts'
import { TokenReader, UnknownSqlError } from './read-tokens.ts'
import type { StatementModel } from './statement.ts'

const compilers = Object.freeze({
  select: compileSelect,
  insert: compileInsert,
  update: compileUpdate,
  delete: compileDelete,
})

/**
 * Compiles a statement about a single table, or returns undefined where it is not so simple that its text says all that the model has
 * to know: joins, subqueries and `with` have hand-made models.
 */
export function findCompiled(text: string, tables: Tables): StatementModel | undefined {
  try {
    const reader = new TokenReader(text)
    const word = reader.takeName()
    if (!Object.hasOwn(compilers, word)) return undefined
    const model = compilers[word as keyof typeof compilers](reader, tables)
    return reader.next.kind === 'end' ? model : undefined
  } catch (error) {
    if (error instanceof UnknownSqlError) return undefined
    throw error
  }
}
