import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely'
import { RememberingCompiler } from './remembering-compiler.ts'

const [remembering, plain] = [new RememberingCompiler(), new PostgresQueryCompiler()].map(
  (compiler) =>
    new Kysely<Record<string, never>>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => compiler,
      },
    }),
) as [Kysely<Record<string, never>>, Kysely<Record<string, never>>]

function assertSame(statement: RawBuilder<unknown>): void {
  const [{ parameters, sql: text }, expected] = [statement.compile(remembering), statement.compile(plain)]
  assert.deepEqual(
    { text, parameters: [...parameters] },
    { text: expected.sql, parameters: [...expected.parameters] },
  )
}

test('a template gives the same text each time, with the parameters of the call', () => {
  for (const id of [1, 2, 'three', null, undefined, ['a', 'b'], { a: 1 }]) {
    assertSame(sql`select * from users where id = ${id} and name = ${'x'}`)
  }
})

test('parts that another call puts into the same template are not mistaken for those of the first', () => {
  const condition = sql`deleted_at is null`
  const parts = [
    sql.raw('a'),
    sql.raw('b'),
    condition,
    sql`id = ${7}`,
    5,
    sql.ref('users.id'),
    sql.table('users'),
    sql.lit(3),
  ]
  for (const one of [...parts, ...parts]) {
    for (const other of [...parts, ...parts]) assertSame(sql`select ${one} from t where ${other} limit ${1}`)
  }
})

test('lists of any length are joined as they are', () => {
  for (const length of [1, 2, 3, 20, 19, 18, 17, 16, 15, 14, 13, 12, 2, 1]) {
    const values = Array.from({ length }, (_, at) => at)
    assertSame(sql`select * from users where id in (${sql.join(values)})`)
    assertSame(sql`insert into t values ${sql.join(values.map((value) => sql`(${value}, ${'x'})`))}`)
  }
})
