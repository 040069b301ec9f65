import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeSecurityPage } from './security-page.ts'

const files: Record<string, string> = {
  'packages/a.test.ts': "test('it holds', () => {})",
  'services/auth/test/b.test.ts': `it(\`refuses \${what} always\`, run)\ntest('another\\'s is refused', run)\nconst x = 'holds it'`,
  'services/auth/src/c.ts': 'test(',
}
const judge = (page: string) => judgeSecurityPage('page.md', page, async (path) => files[path])

test('files and titles that are there are taken, from the root or from the folder of the service', async () => {
  const rows = [
    '| line | `packages/a.test.ts` "it holds"; `test/b.test.ts` "another\'s is refused", `src/c.ts`, "refuses … always" |',
    '| `a{b="c"}` | `npm run "x"` |',
    'Said of "something" in a text; `npm run x` and `AUTH_X` are no files.',
  ]
  assert.deepEqual(await judge(rows.join('\n')), [])
})

test('a file that is gone, a title that is none, and one without a file are found with their line', async () => {
  const rows = [
    '| line | `packages/a.test.ts` "it does not hold" |',
    '| line | `packages/gone.test.ts` "it holds" |',
    '| it holds | "it holds" |',
    '| `packages/a.test.ts` | "it holds" |',
    'See `docs/gone.md`.',
  ]
  assert.deepEqual(await judge(rows.join('\n')), [
    'page.md:1: packages/a.test.ts: no test "it does not hold"',
    'page.md:2: packages/gone.test.ts: no such file',
    'page.md:3: "it holds": of which test file?',
    'page.md:4: "it holds": of which test file?',
    'page.md:5: docs/gone.md: no such file',
  ])
})

test('a title is whole: a part of one, and one of another file, are none', async () => {
  assert.equal((await judge('| x | `packages/a.test.ts` "holds" |')).length, 1)
  assert.equal((await judge('| x | `packages/a.test.ts` "refuses … always" |')).length, 1)
  assert.equal((await judge('| x | `test/b.test.ts` "refuses … never" |')).length, 1)
})
