import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AdminOptions, openAdmin } from './admin.ts'
import { makeMetrics } from './metrics.ts'
import { type LogLine, makeTestLog, testLimits } from './test/make-test-edge.ts'

async function open(readiness: AdminOptions['readiness'], lines: LogLine[] = []) {
  const { registry } = makeMetrics()
  const listener = { host: '127.0.0.1', port: 0 }
  const admin = await openAdmin({
    listen: listener,
    readiness,
    registry,
    logger: makeTestLog(lines),
    limits: testLimits,
    onRefused: () => undefined,
  })
  return { ...admin, [Symbol.asyncDispose]: () => admin.close(100) }
}

test('the process is live while it answers', async () => {
  await using admin = await open(async () => [{ name: 'database', ok: false }])
  const answer = await fetch(`${admin.address}/livez`)
  assert.equal(answer.status, 200)
  assert.equal(await answer.text(), 'ok\n')
})

test('it is ready when every check holds, and says which does not', async () => {
  const checks = [
    { name: 'database', ok: true },
    { name: 'keys', ok: true, detail: '1 key' },
  ]
  await using admin = await open(async () => checks)
  const ready = await fetch(`${admin.address}/readyz`)
  assert.equal(ready.status, 200)
  assert.deepEqual(await ready.json(), { ok: true, checks: [...checks, { name: 'running', ok: true }] })
  checks[0] = { name: 'database', ok: false, detail: 'no answer' }
  const unready = await fetch(`${admin.address}/readyz`)
  assert.equal(unready.status, 503)
  const body = (await unready.json()) as { ok: boolean; checks: unknown[] }
  assert.equal(body.ok, false)
  assert.deepEqual(body.checks[0], { name: 'database', ok: false, detail: 'no answer' })
})

test('it is not ready while it shuts down, and goes on to live and to show metrics', async () => {
  await using admin = await open(async () => [])
  admin.beginShutdown()
  const answer = await fetch(`${admin.address}/readyz`)
  assert.equal(answer.status, 503)
  assert.match(await answer.text(), /shutting down/)
  assert.equal((await fetch(`${admin.address}/livez`)).status, 200)
  assert.equal((await fetch(`${admin.address}/metrics`)).status, 200)
})

test('a check that throws or hangs is not ready; its error is for the log only', async () => {
  const lines: LogLine[] = []
  await using broken = await open(async () => {
    throw new Error('postgres://user:secret@host')
  }, lines)
  const answer = await fetch(`${broken.address}/readyz`)
  assert.equal(answer.status, 503)
  assert.doesNotMatch(await answer.text(), /secret/)
  assert.equal(lines[0]?.level, 'error')
  await using hanging = await open(() => new Promise(() => {}))
  assert.match(await (await fetch(`${hanging.address}/readyz`)).text(), /no answer within 2000 ms/)
})

test('metrics are in Prometheus’ text form; other paths are 404', async () => {
  await using admin = await open(async () => [])
  const metrics = await fetch(`${admin.address}/metrics`)
  assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  assert.match(await metrics.text(), /process_start_time_seconds/)
  assert.equal((await fetch(`${admin.address}/nowhere`)).status, 404)
})
