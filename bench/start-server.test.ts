import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { waitUntil } from '../packages/client/src/test/wait-until.ts'
import { freePort } from '../tools/parts/free-port.ts'
import { isRunning } from '../tools/parts/is-running.ts'
import { rootFolder } from '../tools/process/root-folder.ts'
import { startServer } from './start-server.ts'

const script = 'bench/limits/echo-server.ts'

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a server does not outlive a bench that ${signal} has ended`, async () => {
    const port = await freePort()
    const code = `import { startServer } from ${JSON.stringify(import.meta.resolve('./start-server.ts'))}
      const server = await startServer({ script: '${script}', args: ['${port}', '1'], port: ${port}, prefix: [] })
      console.log(server.pid)
      setInterval(() => {}, 1000)`
    const args = ['--conditions=source', '--input-type=module', '--eval', code]
    const bench = spawn(process.execPath, args, { cwd: rootFolder, stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(bench.stdout, 'data')) as [Buffer]
    const pid = Number(line)
    assert.ok(isRunning(pid))
    bench.kill(signal)
    await once(bench, 'exit')
    await waitUntil('the server is gone', () => !isRunning(pid), 20_000)
  })
}

test('a server is gone once it is disposed of', async () => {
  const port = await freePort()
  const server = await startServer({ script, args: [String(port), '1'], port, prefix: [] })
  server.assertRunning()
  await server[Symbol.asyncDispose]()
  assert.throws(() => server.assertRunning(), /has ended/)
  assert.ok(!isRunning(server.pid))
})
