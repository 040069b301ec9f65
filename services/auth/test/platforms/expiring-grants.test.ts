import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { PlatformDisconnectReason } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import { openTestAuth, type TestAuth } from '../open-test-auth.ts'
import { listEvents } from '../outbox.ts'
import { assertRefused } from '../refusals.ts'
import { connectPerson } from './connect-person.ts'
import { type MockPlatform, makePerson, openMockPlatform } from './open-mock-platform.ts'

describe('Platforms without refresh tokens', () => {
  const stack = new AsyncDisposableStack()
  let kick: MockPlatform
  let facebook: MockPlatform
  let auth: TestAuth

  before(async () => {
    kick = stack.use(
      await openMockPlatform('kick', {
        isShortLived: true,
        toAccount: ({ id, name }) => ({ data: [{ user_id: Number(id), name }] }),
      }),
    )
    facebook = stack.use(await openMockPlatform('facebook', { toAccount: ({ id, name }) => ({ id, name }) }))
    auth = stack.use(await openTestAuth({ environment: { ...kick.environment, ...facebook.environment } }))
  })
  after(() => stack.disposeAsync())

  async function setExpiry(id: string, seconds: number): Promise<void> {
    await sql`update platform_accounts set access_expires_at = now() + ${seconds} * interval '1 second' where id = ${id}`.execute(
      auth.database.kysely,
    )
  }

  test('a grant that cannot be renewed serves to its last second, and its end is told once', async () => {
    const person = await auth.signUp()
    kick.person = makePerson()
    const { id } = await connectPerson(auth, person.id, 'kick')
    const get = () => auth.platforms.getPlatformAccessToken({ platformAccountId: id })
    const { accessToken } = await get()
    await setExpiry(id, 30)
    assert.equal((await get()).accessToken, accessToken)
    await setExpiry(id, -1)
    await Promise.all(
      [get(), get(), get()].map((call) =>
        assertRefused(call, 'FAILED_PRECONDITION', 'PLATFORM_GRANT_WITHDRAWN'),
      ),
    )
    const events = await listEvents(auth, 'platform_disconnected', person.id)
    assert.deepEqual(
      events.map(({ reason }) => reason),
      [PlatformDisconnectReason.GRANT_EXPIRED],
    )
  })

  test("Facebook's token is exchanged for a long one at once, and that one for the next before it ends", async () => {
    const person = await auth.signUp()
    facebook.person = makePerson()
    const shown: string[] = []
    facebook.intercept = async (request, response) => {
      if (request.url !== '/token') return false
      const form = new URLSearchParams(await text(request))
      const isExchange = form.get('grant_type') === 'fb_exchange_token'
      if (isExchange) shown.push(form.get('fb_exchange_token') ?? '')
      const token = isExchange ? `long-${shown.length}` : 'short'
      const answer = {
        access_token: token,
        token_type: 'bearer',
        ...(isExchange ? {} : { expires_in: 3600 }),
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      return true
    }
    const { id } = await connectPerson(auth, person.id, 'facebook')
    const get = () => auth.platforms.getPlatformAccessToken({ platformAccountId: id })
    const first = await get()
    assert.equal(first.accessToken, 'long-1')
    const days = (Number(first.expiresAt?.seconds) - Date.now() / 1000) / 86_400
    assert.ok(days > 59 && days <= 60, `${days} days`)
    await setExpiry(id, 30)
    assert.equal((await get()).accessToken, 'long-2')
    assert.deepEqual(shown, ['short', 'long-1'])
  })

  test('calls to platforms are counted by what came of them', async () => {
    const response = await fetch(`http://127.0.0.1:${auth.service.adminPort}/metrics`)
    const metrics = await response.text()
    assert.match(
      metrics,
      /auth_platform_calls_total\{platform="facebook",operation="exchange",outcome="OK"\} 1/,
    )
    assert.match(metrics, /auth_platform_calls_total\{platform="facebook",operation="renew",outcome="OK"\} 1/)
    assert.match(metrics, /auth_platform_circuits_open\{platform="facebook"\} 0/)
  })
})
