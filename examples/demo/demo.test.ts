import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const generous = { timeout: 240_000 }

interface DemoRun {
  readonly code: number | null
  readonly output: string
  /** Files and processes that are still there. */
  readonly left: readonly string[]
}

/**
 * Runs the demo with nothing of this environment but a temporary folder of its own. Every process it starts has that
 * folder in its environment, so what is left behind can be seen.
 */
async function runDemo(
  t: TestContext,
  environment: NodeJS.ProcessEnv,
  onOutput: (output: string, interrupt: () => void) => void = () => undefined,
): Promise<DemoRun> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const demo = spawn(process.execPath, ['--conditions=source', main], {
    env: { ...environment, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => demo.kill('SIGKILL'))
  let output = ''
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
      onOutput(output, () => demo.kill('SIGINT'))
    })
  }
  const [code] = await once(demo, 'close')
  return { code, output, left: [...(await readdir(folder)), ...(await listProcesses(folder))] }
}

/** Processes whose environment names the folder; where there is no /proc, none can be told. */
async function listProcesses(folder: string): Promise<string[]> {
  const ids = await readdir('/proc').catch(() => [])
  const isOurs = async (id: string) =>
    /^\d+$/.test(id) && (await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')).includes(folder)
  const found: string[] = []
  for (const id of ids) if (await isOurs(id)) found.push(`process ${id}`)
  return found
}

test('the demo walks all flows on the embedded database and leaves nothing behind', generous, async (t) => {
  const { code, output, left } = await runDemo(t, {})
  assert.equal(code, 0, output)
  assert.doesNotMatch(output, /✗/)
  for (const flow of ['5.1', '5.2', '5.3', 'They log out', '4.3'])
    assert.match(output, new RegExp(`^${flow}`, 'm'))
  const held = output.match(/^ {2}✓ .+ \(\d+\.\d ms\)$/gm) ?? []
  assert.match(output, new RegExp(`^All ${held.length} steps held`, 'm'))
  assert.ok(held.length >= 26)
  assert.deepEqual(left, [])
})

test('a step that does not hold is named, with what the services said last', generous, async (t) => {
  const { code, output, left } = await runDemo(t, { DATABASE_URL: 'postgres://127.0.0.1:1/none' })
  assert.equal(code, 1, output)
  assert.match(output, /✗ the authentication service is ready/)
  assert.match(output, /^This step did not hold: the authentication service is ready$/m)
  assert.match(output, /^The last lines of the auth service, which has ended:\n {2}\S/m)
  assert.deepEqual(left, [])
})

for (const moment of ['ImmersiVerse', '✓ the chat service is ready', 'They log in']) {
  test(`Ctrl-C after "${moment}" ends the services and removes their data`, generous, async (t) => {
    let isSent = false
    const { code, output, left } = await runDemo(t, {}, (text, interrupt) => {
      if (isSent || !text.includes(moment)) return
      isSent = true
      interrupt()
      interrupt()
    })
    assert.equal(code, 130, output)
    assert.match(output, /^demo: stopped by SIGINT$/m)
    assert.deepEqual(left, [])
  })
}
