import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const generous = { timeout: 180_000 }

/** Runs the demo with nothing of this environment but a temporary folder of its own, where it must leave nothing. */
async function runDemo(t: TestContext, environment: NodeJS.ProcessEnv, onLine?: (line: string, kill: () => void) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const demo = spawn(process.execPath, ['--conditions=source', main], {
    env: { ...environment, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => demo.kill('SIGKILL'))
  let output = ''
  const read = (chunk: Buffer) => {
    output += chunk
    onLine?.(output, () => demo.kill('SIGINT'))
  }
  demo.stdout.on('data', read)
  demo.stderr.on('data', read)
  const [code] = await once(demo, 'close')
  return { code, output, left: await readdir(folder) }
}
