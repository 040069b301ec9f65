import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { rootFolder } from '../process/root-folder.ts'
import { runCommand } from '../process/run-command.ts'

const header = `import { describe, test } from 'node:test'\n`

test('passing, failing and skipped tests are counted without their suites', async (t) => {
  const { code, lastLine, output } = await runTests(t, {
    'tools/mixed.test.ts': `${header}
      describe('suite', () => {
        test('good', () => {})
        test('bad', () => { throw new Error('the reason') })
        test('left out', { skip: 'too early' }, () => {})
      })
      test('parent', async (t) => { await t.test('child', () => {}) })
      test('guilty parent', async (t) => { await t.test('child', () => {}); throw new Error('its own') })
      describe('whole suite left out', { skip: 'not here' }, () => { test('x', () => {}) })`,
  })
  assert.equal(code, 1)
  assert.equal(lastLine, '3 passed, 2 failed, 2 skipped')
  assert.match(output, /suite › bad\n +at .*mixed\.test\.ts:\d+\n +Error: the reason/)
  assert.match(output, /suite › left out \(too early\)/)
})

test('all green ends with code 0', async (t) => {
  const { code, lastLine } = await runTests(t, { 'tools/a.test.ts': `${header}test('good', () => {})` })
  assert.deepEqual([code, lastLine], [0, '1 passed, 0 failed, 0 skipped'])
})

test('a file that crashes, leaves an error behind or holds no test is a failure', async (t) => {
  const { code, lastLine, output } = await runTests(t, {
    'tools/crash.test.ts': `import './gone.ts'`,
    'tools/empty.test.ts': 'export {}',
    'tools/late.test.ts': `${header}test('fine', () => { setTimeout(() => { throw new Error('late') }, 50) })`,
  })
  assert.deepEqual([code, lastLine], [1, '1 passed, 3 failed, 0 skipped'])
  assert.match(output, /Cannot find module .*gone\.ts/)
  assert.match(output, /late/)
})

test('a file that never ends is ended, even when it listens to nothing', async (t) => {
  const files = {
    'tools/leak.test.ts': `${header}test('leaks', () => { setInterval(() => {}, 1000) })`,
    'tools/spin.test.ts': `${header}process.on('SIGTERM', () => {}); test('spins', () => { for (;;); })`,
  }
  const { code, lastLine, output } = await runTests(t, files, ['tools/', '--timeout', '1'])
  assert.deepEqual([code, lastLine], [1, '1 passed, 2 failed, 0 skipped'])
  assert.match(output, /ran longer than 1000 ms/)
})

test('nothing to run is a failure', async (t) => {
  const { code, lastLine } = await runTests(t, {}, ['no-such-file'])
  assert.deepEqual([code, lastLine], [1, '0 passed, 0 failed, 0 skipped'])
})

test('a test without its real part is skipped, and failed in CI', async (t) => {
  const files = {
    'tools/part.test.ts': `${header}test('needs it', { skip: 'cannot be had: Kafka: none' }, () => {})
    test('good', () => {})`,
  }
  const here = await runTests(t, files)
  assert.deepEqual([here.code, here.lastLine], [0, '1 passed, 0 failed, 1 skipped'])
  const inCi = await runTests(t, files, [], { CI: 'true' })
  assert.deepEqual([inCi.code, inCi.lastLine], [1, '1 passed, 1 failed, 0 skipped'])
})

test('--only runs the tests whose title matches', async (t) => {
  const files = { 'tools/a.test.ts': `${header}test('one', () => {})\ntest('two', () => {})` }
  const { lastLine } = await runTests(t, files, ['--only', 'two'])
  assert.equal(lastLine, '1 passed, 0 failed, 0 skipped')
})

const failsOnce = `${header}import { existsSync, writeFileSync } from 'node:fs'
  const mark = import.meta.filename + '.seen'
  test('steady', () => {})
  test('unsteady', () => { if (!existsSync(mark)) { writeFileSync(mark, ''); throw new Error('once') } })`

test('in a whole run a file that failed is run again alone: what passes then is named and does not fail the run', async (t) => {
  const { code, lastLine, output } = await runTests(t, {
    'services/a.test.ts': failsOnce,
    'services/b.test.ts': `${header}test('good', () => {})`,
  })
  assert.deepEqual([code, lastLine], [0, '3 passed, 0 failed, 0 skipped'])
  assert.match(output, /Error: once/)
  assert.match(output, /passed only when run again, .*:\n {2}services\/a\.test\.ts: unsteady\n/)
})

test('a file that simulates has no second try, nor has one that was asked for, nor do three', async (t) => {
  const rare = await runTests(t, { 'tools/simulate/a.test.ts': failsOnce })
  assert.deepEqual([rare.code, rare.lastLine], [1, '1 passed, 1 failed, 0 skipped'])
  const asked = await runTests(t, { 'services/a.test.ts': failsOnce }, ['services/a'])
  assert.deepEqual([asked.code, asked.lastLine], [1, '1 passed, 1 failed, 0 skipped'])
  const names = ['a', 'b', 'c']
  const files = Object.fromEntries(names.map((name) => [`services/${name}.test.ts`, failsOnce]))
  const three = await runTests(t, files)
  assert.deepEqual([three.code, three.lastLine], [1, '3 passed, 3 failed, 0 skipped'])
})

test('stopped by a signal, it ends what runs and counts what has run', async (t) => {
  // One that never ends leaves a worker for the others, whatever their order.
  const root = await makeFolder(t, {
    'tools/a.test.ts': `${header}test('good', () => {})`,
    'tools/b.test.ts': `${header}test('leaks', () => { setInterval(() => {}, 1000) })`,
    'tools/c.test.ts': `${header}test('good', () => {})`,
  })
  const child = spawn(process.execPath, toCommand(root, []), { env: toEnvironment() })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (/^ok .*[ac]\.test\.ts/m.test(output)) child.kill('SIGHUP')
  }
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
  assert.equal(code, 129, output)
  // The test that leaks has passed itself, if it was begun.
  assert.match(output, /stopped by SIGHUP: [23] of 3 files\n[123] passed, 0 failed, 0 skipped\n$/)
})

async function runTests(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = { CI: '' },
) {
  const root = await makeFolder(t, files)
  const outer = { ...toEnvironment(), ...environment }
  const { code, output } = await runCommand(process.execPath, toCommand(root, args), rootFolder, outer)
  return { code, output, lastLine: output.trimEnd().split('\n').at(-1) }
}

function toCommand(root: string, args: readonly string[]): string[] {
  return ['--conditions=source', join(rootFolder, 'tools/test/main.ts'), '--root', root, ...args]
}

function toEnvironment(): NodeJS.ProcessEnv {
  // Node's test runner refuses to run inside itself.
  const { NODE_TEST_CONTEXT: _inTest, ...outer } = process.env
  return outer
}
