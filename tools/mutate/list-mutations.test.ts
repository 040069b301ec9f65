import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listMutations } from './list-mutations.ts'

function mutate(source: string): string[] {
  return listMutations(source).map(
    ({ start, end, text }) => source.slice(0, start) + text + source.slice(end),
  )
}

test('comparisons are turned and moved by one, conditions fixed, conjunctions exchanged', () => {
  const found = mutate('if (a < b && !c) d(1)')
  for (const wanted of [
    'if (a <= b && !c) d(1)',
    'if (a >= b && !c) d(1)',
    'if (a < b || !c) d(1)',
    'if (a < b && c) d(1)',
    'if (true) d(1)',
    'if (false) d(1)',
    'if (a < b && !c) d(1 + 1)',
  ]) {
    assert.ok(found.includes(wanted), wanted)
  }
  assert.equal(found.length, 7)
})

test('calls and assignments of a line are left out, and nothing is returned', () => {
  assert.deepEqual(mutate('function f() {\n  a.b(c)\n  return x\n}'), [
    'function f() {\n  ;\n  return x\n}',
    'function f() {\n  a.b(c)\n  return undefined\n}',
  ])
})

test('types, comments, texts and imports are no code; texts are emptied', () => {
  const source = `import { a } from './a < b.ts'\n// a < b && c\nconst s: Map<1, true> = f('a && b') /* 1 */\n`
  assert.deepEqual(mutate(source), [source.replace("'a && b'", "''")])
})

test('what ends on a later line is not cut', () => {
  assert.deepEqual(mutate('const f = () => {\n  return {\n    a,\n  }\n}'), [])
})
