import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthError } from '../domain/errors.ts'
import { makeMetrics } from './metrics.ts'

test('calls are counted by transport, method, code and reason, and timed in seconds', async () => {
  const metrics = makeMetrics()
  const method = 'auth.v1.AuthService/Login'
  metrics.observeCall('edge', { method }, 20)
  metrics.observeCall('grpc', { method, error: new AuthError('HASHING_BUSY') }, 1)
  const text = await metrics.registry.metrics()
  assert.match(text, /auth_requests_total\{transport="edge",method="[^"]+Login",code="OK",reason=""\} 1/)
  assert.match(text, /transport="grpc",method="[^"]+",code="RESOURCE_EXHAUSTED",reason="HASHING_BUSY"\} 1/)
  assert.match(text, /auth_request_duration_seconds_sum\{transport="edge",method="[^"]+"\} 0\.02/)
  assert.match(text, /process_cpu_seconds_total/)
})

test('numbering is timed by lane, in seconds', async () => {
  const metrics = makeMetrics()
  metrics.timeNumbering('events')(4)
  metrics.timeNumbering('revocations')(0.1)
  const text = await metrics.registry.metrics()
  assert.match(text, /auth_numbering_duration_seconds_bucket\{le="0\.003",lane="events"\} 0\n/)
  assert.match(text, /auth_numbering_duration_seconds_bucket\{le="0\.005",lane="events"\} 1\n/)
  assert.match(text, /auth_numbering_duration_seconds_count\{lane="revocations"\} 1\n/)
})

test('a watched fact is read at every collection and is NaN where reading fails', async () => {
  const metrics = makeMetrics()
  let pending = 3
  metrics.watch('auth_outbox_pending', async () => pending)
  metrics.watch('auth_broker_up', () => {
    throw new Error('no broker')
  })
  assert.match(await metrics.registry.metrics(), /auth_outbox_pending 3\n/)
  pending = 0
  const text = await metrics.registry.metrics()
  assert.match(text, /auth_outbox_pending 0\n/)
  assert.match(text, /auth_broker_up Nan\n/i)
  assert.doesNotMatch(text, /auth_relay_leader/)
})

test('two services in one process do not share metrics', () => {
  assert.notEqual(makeMetrics().registry, makeMetrics().registry)
})
