import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { findNeededParts } from './find-needed-parts.ts'

test('the parts that test files need are found through what they import', async (t) => {
  const root = await makeFolder(t, {
    'services/a.test.ts': `import { b } from './b.ts'\n`,
    'services/b.ts': `import type { a } from './a.test.ts'\nexport { x } from '../tools/parts/test-database.ts'\n`,
    'services/c.test.ts': `const k = await import('../tools/parts/test-kafka.ts')\n`,
    'services/d.test.ts': `import pg from 'pg'\nimport './gone.ts'\n`,
  })
  assert.deepEqual(await findNeededParts(root, ['services/a.test.ts']), new Set(['postgres']))
  assert.deepEqual(await findNeededParts(root, ['services/c.test.ts']), new Set(['kafka']))
  assert.deepEqual(await findNeededParts(root, ['services/d.test.ts']), new Set())
})
