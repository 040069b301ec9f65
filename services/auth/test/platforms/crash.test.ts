import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PlatformAccountStatus, PlatformDisconnectReason } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import { createTestDatabase } from '../../../../tools/parts/create-test-database.ts'
import { sharedPostgres } from '../../../../tools/parts/shared-postgres.ts'
import { until } from '../../src/store/outbox-testing.ts'
import { connect, openTestAuth, type TestAuth } from '../open-test-auth.ts'
import { listEvents } from '../outbox.ts'
import { assertRefused } from '../refusals.ts'
import { startAuthProcess } from '../start-auth-process.ts'
import { connectPerson } from './connect-person.ts'
import { followAuthorization } from './follow-authorization.ts'
import { type MockPlatform, makePerson, openMockPlatform } from './open-mock-platform.ts'

const postgres = await sharedPostgres()
/** Of one request; a lease is three times as long. */
const timeout = '700ms'

describe('Kill -9 on the way to a platform', {
  skip: 'skipReason' in postgres && postgres.skipReason,
}, () => {
  const stack = new AsyncDisposableStack()
  let twitch: MockPlatform
  let kick: MockPlatform
  let survivor: TestAuth
  let environment: Record<string, string>

  before(async () => {
    twitch = stack.use(await openMockPlatform('twitch'))
    kick = stack.use(
      await openMockPlatform('kick', {
        rotates: true,
        toAccount: ({ id, name }) => ({ data: [{ user_id: Number(id), name }] }),
      }),
    )
    const database = await createTestDatabase()
    if ('skipReason' in database) throw new Error(database.skipReason)
    stack.defer(() => database.close())
    environment = {
      ...twitch.environment,
      ...kick.environment,
      DATABASE_URL: database.url,
      PLATFORM_TIMEOUT: timeout,
    }
    survivor = stack.use(await openTestAuth({ databaseUrl: database.url, environment }))
  })
  after(() => stack.disposeAsync())

  /** Has an instance that dies at a point asked, and resolves when it is dead. */
  async function askVictim(
    point: string,
    ask: (clients: ReturnType<typeof connect>) => Promise<unknown>,
  ): Promise<void> {
    await using victim = await startAuthProcess(
      { ...environment, FAULT_POINT: point },
      './platforms/fault-main.ts',
    )
    const clients = connect(victim.address)
    const [outcome] = await Promise.allSettled([ask(clients)])
    clients.close()
    assert.equal(outcome.status, 'rejected', 'it was answered: nothing was killed')
    assert.equal((await victim.ended).signal, 'SIGKILL')
  }

  async function begin(userId: string) {
    const { authorizationUrl } = await survivor.platforms.beginPlatformConnection({
      userId,
      platform: 'twitch',
    })
    return await followAuthorization(authorizationUrl)
  }

  for (const point of ['before-exchange', 'after-exchange', 'after-account']) {
    test(`${point}: nothing was acknowledged, nothing is half there, and connecting again works`, async () => {
      const { id: userId } = await survivor.signUp()
      twitch.person = makePerson()
      const { authCode, state } = await begin(userId)
      const input = { userId, platform: 'twitch', authCode, state }
      await askVictim(point, ({ platforms }) => platforms.connectPlatformAccount(input))
      assert.deepEqual((await survivor.platforms.getPlatformAccounts({ userId })).accounts, [])
      assert.deepEqual(await listEvents(survivor, 'platform_connected', userId), [])
      const again = survivor.platforms.connectPlatformAccount(input)
      await assertRefused(again, 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
      const account = await connectPerson(survivor, userId, 'twitch')
      await survivor.platforms.getPlatformAccessToken({ platformAccountId: account.id })
    })
  }

  test('after-commit: the grant is kept, announced once, and works', async () => {
    const { id: userId } = await survivor.signUp()
    twitch.person = makePerson()
    const { authCode, state } = await begin(userId)
    const input = { userId, platform: 'twitch', authCode, state }
    await askVictim('after-commit', ({ platforms }) => platforms.connectPlatformAccount(input))
    const { accounts } = await survivor.platforms.getPlatformAccounts({ userId })
    assert.equal(accounts[0]?.status, PlatformAccountStatus.ACTIVE)
    await survivor.platforms.getPlatformAccessToken({ platformAccountId: accounts[0]?.id ?? '' })
    assert.equal((await listEvents(survivor, 'platform_connected', userId)).length, 1)
  })

  async function connectExpired(platform: 'twitch' | 'kick') {
    const { id: userId } = await survivor.signUp()
    const mock = platform === 'twitch' ? twitch : kick
    mock.person = makePerson()
    const { id } = await connectPerson(survivor, userId, platform)
    await sql`update platform_accounts set access_expires_at = now() where id = ${id}`.execute(
      survivor.database.kysely,
    )
    return { userId, id, get: () => survivor.platforms.getPlatformAccessToken({ platformAccountId: id }) }
  }

  for (const [point, platform] of [
    ['before-renewal', 'twitch'],
    ['before-renewal', 'kick'],
    ['after-renewal', 'twitch'],
    ['after-renewal-commit', 'twitch'],
    ['after-renewal-commit', 'kick'],
  ] as const) {
    test(`${point} at ${platform}: the grant lives, another instance gives tokens`, async () => {
      const { id, get } = await connectExpired(platform)
      await askVictim(point, ({ platforms }) => platforms.getPlatformAccessToken({ platformAccountId: id }))
      assert.match((await get()).accessToken, /^access-\d+$/)
    })
  }

  test('after-renewal at a platform whose refresh tokens serve once: the loss shows as an outage first, then once as withdrawn', async () => {
    const { userId, id, get } = await connectExpired('kick')
    await askVictim('after-renewal', ({ platforms }) =>
      platforms.getPlatformAccessToken({ platformAccountId: id }),
    )
    await assertRefused(get(), 'UNAVAILABLE', 'PLATFORM_UNAVAILABLE')
    assert.deepEqual(await listEvents(survivor, 'platform_disconnected', userId), [])
    await until(async () => {
      const { accounts } = await survivor.platforms.getPlatformAccounts({ userId })
      await sql`update platform_accounts set renew_at = now() where id = ${id} and status = 'ACTIVE'`.execute(
        survivor.database.kysely,
      )
      return accounts[0]?.status === PlatformAccountStatus.WITHDRAWN
    })
    const [event, ...more] = await listEvents(survivor, 'platform_disconnected', userId)
    assert.equal(event?.reason, PlatformDisconnectReason.GRANT_WITHDRAWN)
    assert.deepEqual(more, [])
  })
})
