import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { type AuthStatus, connectAuth } from '../connect-auth.ts'
import { startAuthServer } from '../test/start-auth-server.ts'
import { registerMetrics } from './register-metrics.ts'
import { toMetrics } from './to-metrics.ts'
import { toMetricsText } from './to-metrics-text.ts'

const status: AuthStatus = {
  verification: 'local',
  revocations: {
    state: 'STALE',
    reason: 'AGE',
    ageMs: 4_250,
    errorMs: undefined,
    databaseMs: 1,
    epoch: 'e',
    rseq: 12,
    term: 3,
    entries: 7,
  },
  counts: { local: 10, remote: 4, unavailable: 2, allowedStale: 1 },
  circuit: 'OPEN',
  calls: { open: 5, keptStale: 1, asking: 2, ended: { REVOKED: 3, AUTH_UNREACHABLE: 1 }, compared: 9 },
}

test('state, lag, decisions and live calls are told with their units', () => {
  const lines = toMetricsText(toMetrics(status)).split('\n')
  assert.deepEqual(
    lines.filter((line) => line !== '' && !line.startsWith('#')),
    [
      'immersiverse_auth_revocation_view_state{state="FRESH"} 0',
      'immersiverse_auth_revocation_view_state{state="STALE"} 1',
      'immersiverse_auth_revocation_view_state{state="UNKNOWN"} 0',
      'immersiverse_auth_revocation_age_seconds 4.25',
      'immersiverse_auth_revocation_rseq 12',
      'immersiverse_auth_revocation_entries 7',
      'immersiverse_auth_verifications_total{by="local"} 10',
      'immersiverse_auth_verifications_total{by="remote"} 4',
      'immersiverse_auth_verifications_total{by="unavailable"} 2',
      'immersiverse_auth_verifications_total{by="allowed_stale"} 1',
      'immersiverse_auth_circuit_state{state="CLOSED"} 0',
      'immersiverse_auth_circuit_state{state="OPEN"} 1',
      'immersiverse_auth_circuit_state{state="HALF_OPEN"} 0',
      'immersiverse_auth_live_calls 5',
      'immersiverse_auth_live_calls_kept_stale 1',
      'immersiverse_auth_live_calls_asking 2',
      'immersiverse_auth_live_calls_ended_total{reason="REVOKED"} 3',
      'immersiverse_auth_live_calls_ended_total{reason="AUTH_UNREACHABLE"} 1',
    ],
  )
})

test('a cache of users is told by its state and by where answers came from', () => {
  const counts = { memory: 9, asked: 4, allowedStale: 1, unavailable: 2 }
  const users = { isWarm: true, isPartial: false, isFed: false, users: 12, counts }
  const lines = toMetricsText(toMetrics({ ...status, users })).split('\n')
  assert.deepEqual(
    lines.filter((line) => line.startsWith('immersiverse_auth_user_')),
    [
      'immersiverse_auth_user_cache_users 12',
      'immersiverse_auth_user_cache_warm 1',
      'immersiverse_auth_user_cache_fed 0',
      'immersiverse_auth_user_reads_total{by="memory"} 9',
      'immersiverse_auth_user_reads_total{by="asked"} 4',
      'immersiverse_auth_user_reads_total{by="allowed_stale"} 1',
      'immersiverse_auth_user_reads_total{by="unavailable"} 2',
    ],
  )
})

test('every metric has its help and its type before its samples', () => {
  const metrics = toMetrics(status)
  for (const block of toMetricsText(metrics).split('# HELP ').slice(1)) {
    const [help = '', type = '', ...samples] = block.trimEnd().split('\n')
    const [name] = help.split(' ')
    assert.match(type, new RegExp(`^# TYPE ${name} (gauge|counter)$`))
    assert.equal(name?.endsWith('_total'), type.endsWith('counter'))
    assert.ok(samples.every((sample) => sample.startsWith(`${name}{`) || sample.startsWith(`${name} `)))
  }
})

test('a registry of prom-client tells the same, read anew at each scrape', async () => {
  const registry = new Registry()
  let current = status
  registerMetrics(registry, () => toMetrics(current))
  const samples = (text: string) => text.split('\n').filter((line) => line !== '')
  assert.deepEqual(samples(await registry.metrics()), samples(toMetricsText(toMetrics(status))))
  current = { ...status, circuit: 'CLOSED' }
  assert.match(await registry.metrics(), /circuit_state\{state="CLOSED"\} 1/)
  assert.throws(() => registerMetrics(registry, () => toMetrics(status)), /already been registered/)
})

test('with remote verification the live calls are told', async (t) => {
  const server = await startAuthServer()
  t.after(() => server.stop())
  await using auth = await connectAuth({ address: server.address, verification: 'remote' })
  using call = await auth.openLiveCall('user1')
  assert.match(auth.metrics(), /^immersiverse_auth_live_calls 1$/m)
  assert.doesNotMatch(auth.metrics(), /revocation/)
  call.close()
  const registry = new Registry()
  auth.registerMetrics(registry)
  assert.match(await registry.metrics(), /^immersiverse_auth_live_calls 0$/m)
})
