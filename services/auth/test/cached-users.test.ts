import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Auth, type CachedUsers, connectAuth, RpcError } from '@immersiverse/auth-client'
import { UserStatus } from '@immersiverse/auth-contract'
import { sharedKafka } from '../../../tools/parts/shared-kafka.ts'
import { until } from '../src/store/outbox-testing.ts'
import { openTestAuth, toUniqueName } from './open-test-auth.ts'
import { describeOnStores, type StoreContext } from './stores.ts'

const kafka = await sharedKafka()
const skipKafka = 'skipReason' in kafka ? kafka.skipReason : false
const quiet = { warn: () => undefined, error: () => undefined }

describeOnStores('cached users', (context) => {
  test('without a cache find and getMany ask, and leave out who is not there', async () => {
    const { address, signUp } = context.auth
    await using auth = await connectAuth({ address, verification: 'remote', logger: quiet })
    const [first, second] = [await signUp(), await signUp()]
    const nobody = '01890000-0000-7000-8000-000000000001'
    assert.equal((await auth.users.find(first.id))?.email, first.email)
    assert.equal(await auth.users.find(nobody), undefined)
    const found = await auth.users.getMany([second.id, nobody, first.id, second.id])
    assert.deepEqual([...found.keys()].sort(), [first.id, second.id].sort())
  })
  describe('with remote verification', () => suite(context, { verification: 'remote' }))
  describe('with local verification', () => suite(context, { verification: 'local' }))
})

describe('cached users over Kafka', { skip: skipKafka }, () => {
  if ('skipReason' in kafka) return
  const topicPrefix = toUniqueName('t')
  const environment = { KAFKA_BROKERS: kafka.brokers, AUTH_TOPIC_PREFIX: topicPrefix }
  const over = { kafka: { brokers: kafka.brokers.split(','), topicPrefix }, revocations: 'kafka' } as const
  describeOnStores(
    'store',
    (context) => {
      describe('by ListUsers and events', () => suite(context, { verification: 'local', ...over }))
      const users = { source: 'kafka' } as const
      describe('from the topic of users', () => suite(context, { verification: 'local', ...over, users }))
    },
    { environment },
  )
})

test('R13: when the service is gone users are UNAVAILABLE once S is over, or as they were where that is allowed', async () => {
  const service = await openTestAuth()
  const { id } = await service.signUp()
  const options = {
    address: service.address,
    verification: 'remote',
    logger: quiet,
    maxStalenessMs: 1_000,
  } as const
  await using refusing = await connectAuth({ ...options, deadlineMs: 500, users: 'cached' })
  await using allowing = await connectAuth({
    ...options,
    deadlineMs: 500,
    users: { onUnavailable: 'allowStale' },
  })
  for (const { users } of [refusing, allowing]) {
    await users.warm(AbortSignal.timeout(20_000))
    await until(async () => (await users.get(id)) !== undefined && users.status().counts.memory > 0)
  }
  await service.close()
  const closedMs = performance.now()
  const refusal = async () =>
    await refusing.users.get(id).then(
      () => undefined,
      (error: unknown) => error,
    )
  await until(async () => (await refusal()) !== undefined)
  // A call's deadline, and a machine that is busy, come on top of S.
  assert.ok(performance.now() - closedMs < 1_000 + 5_000)
  assert.ok(['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(((await refusal()) as RpcError).code))
  await until(async () => {
    assert.equal((await allowing.users.get(id)).id, id)
    return allowing.users.status().counts.allowedStale > 0
  })
})

type Ways = Pick<Parameters<typeof connectAuth>[0], 'verification' | 'kafka' | 'revocations'> & {
  readonly users?: { readonly source: 'kafka' }
}

function suite(context: StoreContext, ways: Ways): void {
  let auth: Auth<CachedUsers>
  before(async () => {
    await context.auth.signUp()
    const options = { address: context.auth.address, readyTimeoutMs: 20_000, logger: quiet } as const
    auth = await connectAuth({ ...options, users: 'cached', ...ways })
    await auth.users.warm(AbortSignal.timeout(20_000))
  })
  after(() => auth.close())
  const counts = () => {
    const { users } = auth.status()
    assert.ok(users)
    return users.counts
  }
  /** Whoever was asked for once is in memory while the cache is fresh. */
  const settle = async (userId: string) => {
    await until(async () => {
      const { memory } = counts()
      await auth.users.get(userId)
      return counts().memory > memory
    })
  }

  test('who was there before is answered from memory, without an e-mail address', async () => {
    const { users } = await context.auth.users.listUsers({ pageSize: 1 })
    const [known] = users
    assert.ok(known && auth.users.isWarm())
    await settle(known.id)
    const { id, username, displayName, status, roles, subscriptionTier, version } = known
    const expected = { id, username, displayName, status, roles, subscriptionTier, version }
    assert.deepEqual(await auth.users.get(known.id), expected)
  })

  test('an event brings the newer version into memory, without a question', async () => {
    const { id } = await context.auth.signUp()
    await settle(id)
    const { asked } = counts()
    const { user } = await context.auth.users.updateUser({ userId: id, displayName: 'Mina Park' })
    await until(async () => (await auth.users.get(id)).displayName === 'Mina Park')
    assert.equal((await auth.users.get(id)).version, user?.version)
    assert.equal(counts().asked, asked)
  })

  test('minVersion is never undercut, wherever events have got to', async () => {
    const { id } = await context.auth.signUp()
    await settle(id)
    for (let n = 0; n < 10; n += 1) {
      const { user } = await context.auth.users.updateUser({ userId: id, displayName: `name ${n}` })
      const minVersion = user?.version ?? 0n
      assert.ok((await auth.users.get(id, { minVersion })).version >= minVersion)
    }
    await assert.rejects(
      auth.users.get(id, { minVersion: 99n }),
      (error) => error instanceof RpcError && error.reason === 'VERSION_NOT_REACHED',
    )
  })

  test('R13: a suspended or deleted user is not served as active, as soon as that is heard', async () => {
    const [suspended, deleted] = [await context.auth.signUp(), await context.auth.signUp()]
    await settle(suspended.id)
    await settle(deleted.id)
    await context.auth.users.updateUser({ userId: suspended.id, status: UserStatus.SUSPENDED })
    await context.auth.users.deleteUser({ userId: deleted.id })
    const endMs = performance.now() + 3_100
    let [isSuspended, isDeleted] = [false, false]
    while (performance.now() < endMs && !(isSuspended && isDeleted)) {
      isSuspended = (await auth.users.get(suspended.id)).status === UserStatus.SUSPENDED
      isDeleted = (await auth.users.find(deleted.id)) === undefined
      await new Promise(setImmediate)
    }
    assert.deepEqual([isSuspended, isDeleted], [true, true])
    await assert.rejects(auth.users.get(deleted.id), { code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' })
    await context.auth.users.updateUser({ userId: suspended.id, status: UserStatus.ACTIVE })
    await until(async () => (await auth.users.get(suspended.id)).status === UserStatus.ACTIVE)
  })

  test('many users come from memory and in batches, those who are not there are left out', async () => {
    const people = await Promise.all(Array.from({ length: 3 }, () => context.auth.signUp()))
    const ids = people.map(({ id }) => id)
    await settle(ids[0] as string)
    const found = await auth.users.getMany([...ids, ...ids, '01890000-0000-7000-8000-000000000001'])
    assert.deepEqual([...found.keys()].sort(), [...ids].sort())
    assert.equal(found.get(ids[2] as string)?.username, people[2]?.username)
  })
}
