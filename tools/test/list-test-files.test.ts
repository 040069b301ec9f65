import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { listTestFiles } from './list-test-files.ts'

test('test files are found below the known folders, without what git ignores', async (t) => {
  const root = await makeFolder(t, {
    '.gitignore': 'dist/\n.parts/\n*.log\n',
    'packages/a/src/x.test.ts': '',
    'packages/a/src/x.ts': '',
    'packages/a/dist/x.test.ts': '',
    'packages/a/node_modules/b/y.test.ts': '',
    'services/s/test/deep/z.test.ts': '',
    'elsewhere/w.test.ts': '',
  })
  assert.deepEqual(await listTestFiles(root), ['packages/a/src/x.test.ts', 'services/s/test/deep/z.test.ts'])
  assert.deepEqual(await listTestFiles(root, ['./packages', 'nothing']), ['packages/a/src/x.test.ts'])
})
