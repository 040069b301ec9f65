import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestAuth, type TestAuth } from '@immersiverse/example-processes'
import type { Counts, Stats } from './open-counts.ts'
import { type AnalyticsService, startAnalyticsService } from './start-analytics-service.ts'

let auth: TestAuth
let service: AnalyticsService
let viewer: string

async function start(): Promise<void> {
  const config = {
    authAddress: auth.address,
    http: { host: '127.0.0.1', port: 0 },
    kafka: undefined,
    dataFolder: join(auth.folder, 'analytics'),
  }
  service = await startAnalyticsService(config, (error) => assert.fail(String(error)))
}

before(async () => {
  auth = await openTestAuth()
  await start()
  viewer = (await auth.signUp('viewer', ['viewer'])).token
})
after(async () => {
  await service?.close()
  await auth?.[Symbol.asyncDispose]()
})

function get(token?: string): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return fetch(`http://${service.httpAddress}/stats`, { headers })
}

/** Waits until the totals are these. */
async function awaitTotal(expected: Partial<Counts>): Promise<Stats> {
  const end = performance.now() + 20_000
  for (;;) {
    const stats = (await (await get(viewer)).json()) as Stats
    if (Object.entries(expected).every(([name, count]) => stats.total[name as keyof Counts] === count)) {
      return stats
    }
    if (performance.now() > end) assert.deepEqual(stats.total, expected)
    await sleep(10)
  }
}

test('sign-ups, logins, failures and deletions are counted, in all and by day', async () => {
  const before = (await awaitTotal({ signUps: 1, logins: 1 })).total
  const { userId } = await auth.signUp('counted')
  await assert.rejects(auth.sessions.login({ identifier: 'counted', password: 'wrong' }))
  await auth.users.deleteUser({ userId })
  const { total, days } = await awaitTotal({
    signUps: before.signUps + 1,
    logins: before.logins + 1,
    failedLogins: before.failedLogins + 1,
    deletions: before.deletions + 1,
  })
  const sum = (name: keyof Counts) => Object.values(days).reduce((all, day) => all + day[name], 0)
  for (const name of Object.keys(total) as (keyof Counts)[]) assert.equal(sum(name), total[name])
  assert.ok(Object.keys(days).every((day) => /^\d{4}-\d\d-\d\d$/.test(day)))
})

test('only people with the role viewer are answered', async () => {
  const { token } = await auth.signUp('curious')
  assert.equal((await get()).status, 401)
  assert.equal((await get(token)).status, 403)
  assert.equal((await get(viewer)).status, 200)
})

test('what happens while it is away is counted when it is back, and nothing twice', async () => {
  await auth.signUp('early')
  const { total } = await awaitTotal({ signUps: 4, logins: 4 })
  await service.close()
  await auth.signUp('late')
  await start()
  await awaitTotal({ signUps: 5, logins: total.logins + 1, failedLogins: 1, deletions: 1 })
})
