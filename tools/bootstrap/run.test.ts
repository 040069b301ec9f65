import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeFolder } from '../process/make-folder.ts'
import { rootFolder } from '../process/root-folder.ts'
import { runCommand } from '../process/run-command.ts'

const lockfile = {
  name: 'project',
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': { name: 'project', workspaces: ['packages/*'] },
    'node_modules/part': { resolved: 'packages/part', link: true },
    'packages/part': { name: 'part', version: '1.0.0' },
  },
}

test('installs once, is silent from then on, and runs the script with its arguments', async (t) => {
  const { root, run } = await openProject(t)
  const first = await run('tell.ts', 'a', 'b c')
  assert.equal(first.code, 0, first.output)
  assert.match(
    first.output,
    /^bootstrap: installing the packages of package-lock\.json\n\["a","b c"\] source\n$/,
  )
  assert.equal((await run('tell.ts')).output, '[] source\n')

  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await writeFile(join(root, 'package.json'), JSON.stringify({ ...manifest, description: 'changed' }))
  assert.equal((await run('tell.ts')).output, '[] source\n', 'nothing that is installed has changed')
})

test('two that start at once install once', async (t) => {
  const { run } = await openProject(t)
  const results = await Promise.all([run('tell.ts'), run('tell.ts')])
  const output = results.map((result) => result.output).join('')
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0],
    output,
  )
  assert.equal(output.match(/installing the packages/g)?.length, 1, output)
})

test('ends with the script’s exit code, passes signals on and ends by the script’s signal', async (t) => {
  const { root, run } = await openProject(t)
  assert.equal((await run('exit.ts', '7')).code, 7)
  for (const [signal, code, by] of [
    ['SIGTERM', 3, null],
    ['SIGHUP', null, 'SIGHUP'],
  ] as const) {
    const child = spawn(process.execPath, [join(root, 'tools/bootstrap/run.mjs'), 'wait.ts'], { cwd: root })
    await once(child.stdout, 'data')
    child.kill(signal)
    assert.deepEqual(await once(child, 'exit'), [code, by])
  }
})

test('says in one line what is wrong', async (t) => {
  const { root, run } = await openProject(t)
  assert.deepEqual(await run(), {
    code: 1,
    output: 'error: usage: node tools/bootstrap/run.mjs <script> [arguments]\n',
  })
  await writeFile(join(root, 'package-lock.json'), '{}')
  const { code, output } = await run('tell.ts')
  assert.equal(code, 1)
  assert.match(output, /^bootstrap: .*\nerror: npm ci failed: .+\n$/)
})

async function openProject(t: TestContext) {
  const root = await makeFolder(t, {
    'package.json': JSON.stringify({
      name: 'project',
      type: 'module',
      private: true,
      workspaces: ['packages/*'],
    }),
    'package-lock.json': JSON.stringify(lockfile),
    'packages/part/package.json': JSON.stringify({ name: 'part', version: '1.0.0' }),
    'tell.ts': `console.log(JSON.stringify(process.argv.slice(2)), process.execArgv.join().replace('--conditions=', ''))`,
    'exit.ts': `process.exit(Number(process.argv[2]))`,
    'wait.ts': `process.on('SIGTERM', () => process.exit(3))\nconsole.log('here')\nsetInterval(() => {}, 1000)`,
  })
  await cp(join(rootFolder, 'tools/bootstrap'), join(root, 'tools/bootstrap'), { recursive: true })
  const run = (...args: string[]) => {
    // npm's own view of the project that runs this test must not reach the one in the temporary folder.
    const outer = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_config_'))
    const environment = Object.fromEntries(outer)
    return runCommand(process.execPath, ['tools/bootstrap/run.mjs', ...args], root, environment)
  }
  return { root, run }
}
