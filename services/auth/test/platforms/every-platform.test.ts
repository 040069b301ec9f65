import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PlatformDisconnectReason } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import { platformNames } from '../../src/config/platform-names.ts'
import { until } from '../../src/store/outbox-testing.ts'
import { openTestAuth, type TestAuth } from '../open-test-auth.ts'
import { listEvents } from '../outbox.ts'
import { assertRefused } from '../refusals.ts'
import { connectPerson } from './connect-person.ts'
import { dialects } from './dialects.ts'
import { followAuthorization } from './follow-authorization.ts'
import { type MockPlatform, makePerson, openMockPlatform } from './open-mock-platform.ts'

/** That OpenID providers sign with beside RS256. */
const algorithms = ['PS256', 'ES256', 'EdDSA']

describe('Each platform, spoken to as its pages say', () => {
  const stack = new AsyncDisposableStack()
  const platforms = new Map<string, MockPlatform>()
  let auth: TestAuth

  before(async () => {
    for (const name of platformNames) {
      const dialect = dialects[name]
      assert.ok(dialect, `no dialect of ${name}`)
      const platform = stack.use(await openMockPlatform(name, dialect.quirks))
      platform.intercept = dialect.toIntercept?.(platform)
      platforms.set(name, platform)
    }
    for (const algorithm of algorithms) {
      const name = `signs${algorithm.toLowerCase()}`
      platforms.set(algorithm, stack.use(await openMockPlatform(name, { algorithm, isOpenId: true })))
    }
    const environments = [...platforms.values()].map(({ environment }) => environment)
    auth = stack.use(await openTestAuth({ environment: Object.assign({}, ...environments) }))
  })
  after(() => stack.disposeAsync())

  async function expire(id: string): Promise<void> {
    await sql`update platform_accounts set access_expires_at = now() where id = ${id}`.execute(
      auth.database.kysely,
    )
  }

  for (const name of platformNames) {
    test(`${name}: connected, renewed twice, and revoked`, async () => {
      const platform = platforms.get(name) as MockPlatform
      const { id: userId } = await auth.signUp()
      platform.person = makePerson()
      const account = await connectPerson(auth, userId, name)
      assert.equal(account.platformUserId, platform.person.id)
      assert.equal(account.platformUsername, platform.person.name)
      const platformAccountId = account.id
      const get = async () => (await auth.platforms.getPlatformAccessToken({ platformAccountId })).accessToken
      const tokens = [await get()]
      for (let round = 0; round < 2; round += 1) {
        await expire(platformAccountId)
        tokens.push(await get())
      }
      assert.equal(new Set(tokens).size, 3)
      await auth.platforms.disconnectPlatformAccount({ userId, platformAccountId })
      if (name === 'soop') return
      await until(() => platform.revoked.length > 0)
      const isAccessToken = platform.revoked[0] === tokens.at(-1)
      assert.equal(isAccessToken, name === 'twitch' || name === 'facebook')
    })

    test(`${name}: a code that holds no more is refused, and a grant withdrawn there is told`, async () => {
      const platform = platforms.get(name) as MockPlatform
      const { id: userId } = await auth.signUp()
      const begun = await auth.platforms.beginPlatformConnection({ userId, platform: name })
      const { authCode, iss, state } = await followAuthorization(begun.authorizationUrl)
      platform.codes.clear()
      const connect = auth.platforms.connectPlatformAccount({ userId, platform: name, state, iss, authCode })
      await assertRefused(connect, 'FAILED_PRECONDITION', 'PLATFORM_REFUSED')
      platform.person = makePerson()
      const { id: platformAccountId } = await connectPerson(auth, userId, name)
      await platform.endGrants()
      await expire(platformAccountId)
      const get = auth.platforms.getPlatformAccessToken({ platformAccountId })
      await assertRefused(get, 'FAILED_PRECONDITION', 'PLATFORM_GRANT_WITHDRAWN')
      const events = await listEvents(auth, 'platform_disconnected', userId)
      assert.deepEqual(
        events.map(({ reason }) => reason),
        [PlatformDisconnectReason.GRANT_WITHDRAWN],
      )
    })
  }

  for (const algorithm of algorithms) {
    test(`any OpenID provider by configuration alone, signing with ${algorithm}`, async () => {
      const { id: userId } = await auth.signUp()
      const account = await connectPerson(auth, userId, `signs${algorithm.toLowerCase()}`)
      assert.equal(account.platformUserId, platforms.get(algorithm)?.person.id)
    })
  }

  test('YouTube is asked for a grant that outlives the visit', async () => {
    const { id: userId } = await auth.signUp()
    const begun = await auth.platforms.beginPlatformConnection({ userId, platform: 'youtube' })
    const { searchParams } = new URL(begun.authorizationUrl)
    assert.deepEqual(
      ['access_type', 'prompt', 'code_challenge_method'].map((one) => searchParams.get(one)),
      ['offline', 'consent', 'S256'],
    )
    assert.match(searchParams.get('nonce') ?? '', /^[\w-]{43}$/)
  })
})
