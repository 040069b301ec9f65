import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { checkFileSizes } from './file-sizes.ts'
import { checkForbiddenStrings } from './forbidden-strings.ts'

test('a file of more than 300 lines says why in its first line', async (t) => {
  const long = 'x\n'.repeat(301)
  const root = await makeFolder(t, {
    'a/long.ts': long,
    'a/excused.ts': `// One table, which does not get clearer in two files.\n${long}`,
    'a/limit.ts': 'x\n'.repeat(300),
    'a/gen/made.ts': long,
    'a/text.md': long,
  })
  assert.deepEqual(await checkFileSizes(root), ['a/long.ts: 301 lines, and its first line does not say why'])
})

test('paths of a machine and hosts of registries are found where they are named', async (t) => {
  const path = ['/wo', 'rk/main'].join('')
  const root = await makeFolder(t, { 'docs/a.md': `one\nsee ${path}\n`, 'docs/b.md': 'network/main\n' })
  assert.deepEqual(await checkForbiddenStrings(root), [`docs/a.md:2: names ${path.slice(0, 6)}`])
})
