import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestAuth, type TestAuth } from '@immersiverse/example-processes'
import { setDefaultPlan } from './set-default-plan.ts'
import { type SubscriptionService, startSubscriptionService } from './start-subscription-service.ts'

let auth: TestAuth
let service: SubscriptionService
const told: string[] = []

async function start(): Promise<void> {
  service = await startSubscriptionService(
    {
      authAddress: auth.address,
      http: { host: '127.0.0.1', port: 0 },
      kafka: undefined,
      dataFolder: join(auth.folder, 'subscription'),
    },
    { tell: (line) => told.push(line), onError: (error) => told.push(`failed: ${error}`) },
  )
}

before(async () => {
  auth = await openTestAuth()
  await start()
})
after(async () => {
  await service?.close()
  await auth?.[Symbol.asyncDispose]()
})

/** Waits for what following events leads to. */
async function awaitTold(pattern: RegExp): Promise<void> {
  const end = performance.now() + 20_000
  while (!told.some((line) => pattern.test(line))) {
    if (performance.now() > end) assert.fail(`${pattern} was not told; told:\n${told.join('\n')}`)
    await sleep(10)
  }
}

async function readTier(userId: string): Promise<string | undefined> {
  return (await auth.users.getUser({ by: { case: 'userId', value: userId } })).user?.subscriptionTier
}

function upgrade(body: object, token?: string): Promise<Response> {
  return fetch(`http://${service.httpAddress}/subscriptions/upgrade`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
}

test('whoever signs up gets the plan FREE', async () => {
  const { userId } = await auth.signUp('newcomer')
  await awaitTold(new RegExp(`^user_created ${userId}: default plan: set$`))
  assert.equal(await readTier(userId), 'FREE')
})

test('an upgrade reaches the account, and user_updated tells of it', async () => {
  const { userId, token } = await auth.signUp('climber')
  const response = await upgrade({ plan: 'PREMIUM' }, token)
  assert.equal(response.status, 200)
  const { userVersion } = (await response.json()) as { userVersion: string }
  assert.equal(await readTier(userId), 'PREMIUM')
  await awaitTold(new RegExp(`^user_updated ${userId}: the plan is PREMIUM as of version ${userVersion}$`))
})

test('an upgrade needs a token, and a plan there is', async () => {
  const { token } = await auth.signUp('chooser')
  assert.equal((await upgrade({ plan: 'PREMIUM' })).status, 401)
  assert.equal((await upgrade({ plan: 'GOLD' }, token)).status, 400)
  assert.equal((await upgrade({}, token)).status, 400)
})

test('user_created seen again, or late, takes nobody a plan away', async () => {
  const { userId, token } = await auth.signUp('premium')
  assert.equal((await upgrade({ plan: 'PREMIUM' }, token)).status, 200)
  assert.equal(await setDefaultPlan(auth.users, { userId, userVersion: 1n }), 'has a plan')
  assert.equal(await readTier(userId), 'PREMIUM')
})

test('user_created of someone who is gone holds nothing up', async () => {
  const { userId } = await auth.signUp('gone')
  await auth.users.deleteUser({ userId })
  assert.equal(await setDefaultPlan(auth.users, { userId, userVersion: 1n }), 'no such user')
})

test('whoever signed up while the service was away gets the plan when it is back, and nobody twice', async () => {
  const { userId: early } = await auth.signUp('early')
  await awaitTold(new RegExp(`^user_updated ${early}`))
  await service.close()
  const { userId: late } = await auth.signUp('late')
  told.length = 0
  await start()
  await awaitTold(new RegExp(`^user_created ${late}: default plan: set$`))
  assert.ok(!told.some((line) => line.startsWith(`user_created ${early}`)), 'it went on from its position')
})

test('without its position file it starts from the first event, and changes nothing', async () => {
  const { userId, token } = await auth.signUp('steady')
  assert.equal((await upgrade({ plan: 'PREMIUM' }, token)).status, 200)
  await service.close()
  await rm(join(auth.folder, 'subscription'), { recursive: true })
  told.length = 0
  await start()
  await awaitTold(new RegExp(`^user_created ${userId}: default plan: has a plan$`))
  assert.equal(await readTier(userId), 'PREMIUM')
})
