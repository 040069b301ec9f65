import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { listImporters } from './list-importers.ts'
import { listMutations } from './list-mutations.ts'
import { findKiller, type MutantOptions } from './run-mutant.ts'

const root = mkdtempSync(join(tmpdir(), 'auth-mutate-'))
after(() => rmSync(root, { recursive: true }))

const source = 'export function isAdult(age: number): boolean {\n  return age >= 18\n}\n'
const testOf = (ages: string) => `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAdult } from './is-adult.ts'
test('ages', () => assert.deepEqual([${ages}].map(isAdult), [${ages}].map((age) => age > 17)))
`
writeFileSync(join(root, 'package.json'), '{"type":"module"}')
writeFileSync(join(root, 'is-adult.ts'), source)
writeFileSync(join(root, 'is-adult.test.ts'), testOf('1, 40'))
writeFileSync(join(root, 'edges.test.ts'), testOf('17, 18'))
writeFileSync(join(root, 'other.test.ts'), `import 'node:test'\n`)

// A run inside of a run of tests must not report to it.
const { NODE_TEST_CONTEXT: _, ...environment } = process.env
const options: MutantOptions = { root, timeoutMs: 60_000, environment }

test('a change is noticed by the first test that fails with it; the file stays as it is', async () => {
  const mutation = listMutations(source).find(({ text }) => text === '<')
  assert.ok(mutation)
  const tests = ['is-adult.test.ts', 'edges.test.ts']
  assert.equal(await findKiller({ ...mutation, file: 'is-adult.ts', tests }, options), 'is-adult.test.ts')
  assert.equal(readFileSync(join(root, 'is-adult.ts'), 'utf8'), source)
})

test('a change that only an edge shows survives tests without it', async () => {
  const mutation = listMutations(source).find(({ text }) => text === '>')
  assert.ok(mutation)
  const mutant = { ...mutation, file: 'is-adult.ts' }
  assert.equal(await findKiller({ ...mutant, tests: ['is-adult.test.ts'] }, options), undefined)
  assert.equal(await findKiller({ ...mutant, tests: ['edges.test.ts'] }, options), 'edges.test.ts')
})

test('the tests of a file are those that import it, its own first', () => {
  const tests = ['edges.test.ts', 'is-adult.test.ts', 'other.test.ts']
  assert.deepEqual(listImporters(root, 'is-adult.ts', tests), ['is-adult.test.ts', 'edges.test.ts'])
})
