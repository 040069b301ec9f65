import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestAuth, type TestAuth } from '@immersiverse/example-processes'
import { readMonitorConfig } from './read-monitor-config.ts'
import { type SecurityMonitor, startSecurityMonitor } from './start-security-monitor.ts'
import type { Alert } from './watch-logins.ts'

let auth: TestAuth
let monitor: SecurityMonitor
const alerts: Alert[] = []

before(async () => {
  auth = await openTestAuth()
  const config = {
    authAddress: auth.address,
    kafka: undefined,
    dataFolder: join(auth.folder, 'monitor'),
    rules: { failures: 4, windowMs: 600_000 },
  }
  monitor = await startSecurityMonitor(config, {
    raise: (alert) => alerts.push(alert),
    onError: (error) => assert.fail(String(error)),
  })
})
after(async () => {
  await monitor?.close()
  await auth?.[Symbol.asyncDispose]()
})

async function awaitAlert(kind: Alert['alert']): Promise<Alert> {
  const end = performance.now() + 20_000
  for (;;) {
    const found = alerts.find(({ alert }) => alert === kind)
    if (found !== undefined) return found
    if (performance.now() > end) assert.fail(`no ${kind}; alerts: ${JSON.stringify(alerts)}`)
    await sleep(10)
  }
}

async function failToLogIn(identifier: string): Promise<void> {
  await assert.rejects(auth.sessions.login({ identifier, password: 'a wrong one' }))
}

test('failures below the bound raise nothing, one more raises one alert of the address', async () => {
  for (const name of ['one', 'two', 'three']) await failToLogIn(name)
  assert.deepEqual(alerts, [])
  await failToLogIn('four')
  const alert = await awaitAlert('failed_logins_of_address')
  assert.equal(alert.failures, 4)
  assert.match(alert.subject, /^(127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)$/)
})

test('an account that is tried again and again raises an alert that does not tell its name', async () => {
  await auth.signUp('target')
  for (let n = 0; n < 5; n += 1) await failToLogIn('target')
  const alert = await awaitAlert('failed_logins_of_account')
  assert.match(alert.subject, /^[0-9a-f]{32}$/)
  assert.equal(alerts.filter((one) => one.subject === alert.subject).length, 1)
  assert.doesNotMatch(JSON.stringify(alerts), /target/)
})

test('an account that is guessed slower than a burst raises an alert when the limit is reached', async () => {
  await auth.signUp('patient')
  const reached = () => alerts.filter(({ alert }) => alert === 'login_limit_reached')
  for (let n = 0; n < 10; n += 1) {
    assert.deepEqual(reached(), [])
    await failToLogIn('patient')
  }
  await awaitAlert('login_limit_reached')
  await failToLogIn('patient')
  assert.equal(reached().length, 1)
  assert.match(reached()[0]?.subject ?? '', /^[0-9a-f]{32}$/)
  assert.match(reached()[0]?.ip ?? '', /127\.0\.0\.1|::1/)
})

test('a refresh token that is used after its successor raises an alert with user and session', async () => {
  const { userId } = await auth.signUp('robbed')
  const password = 'correct horse battery staple'
  const { tokens } = await auth.sessions.login({ identifier: 'robbed', password })
  const stolen = tokens?.refreshToken ?? ''
  const refresh = (refreshToken: string) => auth.sessions.refreshToken({ refreshToken })
  const next = await refresh(stolen)
  await refresh(next.tokens?.refreshToken ?? '')
  await assert.rejects(refresh(stolen))
  const alert = await awaitAlert('refresh_token_reused')
  assert.equal(alert.subject, userId)
  assert.equal(alert.sessionId, tokens?.sessionId)
})

test('settings that do not hold name their variable', () => {
  for (const name of ['MONITOR_FAILURES', 'MONITOR_WINDOW_SECONDS']) {
    for (const value of ['0', '-1', 'ten', '1e9']) {
      assert.throws(() => readMonitorConfig({ [name]: value }), new RegExp(`^TypeError: ${name} `))
    }
  }
  assert.deepEqual(readMonitorConfig({}).rules, { failures: 10, windowMs: 60_000 })
})
