import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { assertRefused } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { connectPerson } from './connect-person.ts'
import { followAuthorization } from './follow-authorization.ts'
import { type Intercept, makePerson, openMockPlatform } from './open-mock-platform.ts'

const kick = await openMockPlatform('kick', {
  toAccount: ({ id, name }) => ({ data: [{ user_id: Number(id), name }] }),
})
const twitch = await openMockPlatform('twitch')
after(async () => {
  for (const platform of [kick, twitch]) await platform.close()
})

describeOnStores(
  'A platform that misbehaves',
  (context) => {
    const api = () => context.auth.platforms

    async function begin(userId: string) {
      const { authorizationUrl } = await api().beginPlatformConnection({ userId, platform: 'kick' })
      return await followAuthorization(authorizationUrl)
    }

    const hostile: readonly (readonly [string, Intercept])[] = [
      [
        'answers 10 MB',
        (_request, response) => {
          response.writeHead(200, { 'content-type': 'application/json' })
          response.end(`{"access_token":"${'x'.repeat(10 * 1024 * 1024)}"}`)
          return true
        },
      ],
      [
        'never ends its answer',
        (_request, response) => {
          response.writeHead(200, { 'content-type': 'application/json' })
          response.write('{')
          return true
        },
      ],
      ['does not answer at all', () => true],
      [
        'answers what is no JSON',
        (_request, response) => {
          response.writeHead(200, { 'content-type': 'application/json' }).end('<html>')
          return true
        },
      ],
      [
        'answers a form',
        (_request, response) => {
          const type = { 'content-type': 'application/x-www-form-urlencoded' }
          response.writeHead(200, type).end('access_token=a&token_type=bearer')
          return true
        },
      ],
      [
        'cuts the connection',
        (request) => {
          request.socket.destroy()
          return true
        },
      ],
    ]
    for (const [what, intercept] of hostile) {
      test(`a platform that ${what} is UNAVAILABLE, and nothing is connected`, async () => {
        const { id: userId } = await context.auth.signUp()
        const { authCode, state } = await begin(userId)
        kick.intercept = intercept
        const connect = api().connectPlatformAccount({ userId, platform: 'kick', authCode, state })
        await assertRefused(connect, 'UNAVAILABLE', 'PLATFORM_UNAVAILABLE').finally(() => {
          kick.intercept = undefined
        })
        assert.deepEqual((await api().getPlatformAccounts({ userId })).accounts, [])
        // Another success closes what failures have opened.
        await resetBreaker()
      })
    }

    test('a redirect inward is not followed', async () => {
      let reached = 0
      const inward = createServer((_request, response) => {
        reached += 1
        response.end('{}')
      }).listen(0, '127.0.0.1')
      await once(inward, 'listening')
      const { port } = inward.address() as AddressInfo
      const { id: userId } = await context.auth.signUp()
      const { authCode, state } = await begin(userId)
      kick.intercept = (_request, response) => {
        response.writeHead(307, { location: `http://127.0.0.1:${port}/latest/meta-data` }).end()
        return true
      }
      const connect = api().connectPlatformAccount({ userId, platform: 'kick', authCode, state })
      await assertRefused(connect, 'UNAVAILABLE', 'PLATFORM_UNAVAILABLE').finally(() => {
        kick.intercept = undefined
        inward.close()
      })
      assert.equal(reached, 0)
    })

    test('five outages in a row leave the platform alone, and only it, with what its grants still hold', async () => {
      const { id: userId } = await context.auth.signUp()
      kick.person = makePerson()
      const { id: platformAccountId } = await connectPerson(context.auth, userId, 'kick')
      const token = await api().getPlatformAccessToken({ platformAccountId })
      const flows = []
      for (let at = 0; at < 7; at += 1) flows.push(await begin(userId))
      let asked = 0
      kick.intercept = (_request, response) => {
        asked += 1
        response.writeHead(503).end()
        return true
      }
      for (const { authCode, state } of flows) {
        const connect = api().connectPlatformAccount({ userId, platform: 'kick', authCode, state })
        const { retryMs = 0 } = await assertRefused(connect, 'UNAVAILABLE', 'PLATFORM_UNAVAILABLE')
        assert.ok(retryMs >= 1000, `${retryMs} ms`)
      }
      kick.intercept = undefined
      assert.equal(asked, 5)
      assert.deepEqual(await readCircuits(), { kick: 1, twitch: 0 })
      assert.deepEqual(await api().getPlatformAccessToken({ platformAccountId }), token)
      twitch.person = makePerson()
      await connectPerson(context.auth, userId, 'twitch')
    })

    async function readCircuits(): Promise<Record<string, number>> {
      const metrics = await fetch(`http://127.0.0.1:${context.auth.service.adminPort}/metrics`)
      const lines = (await metrics.text()).matchAll(
        /^auth_platform_circuits_open\{platform="(\w+)"\} (\d)$/gm,
      )
      return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
    }

    async function resetBreaker(): Promise<void> {
      const { id: userId } = await context.auth.signUp()
      kick.person = makePerson()
      await connectPerson(context.auth, userId, 'kick')
    }
  },
  { onModel: false, environment: { ...kick.environment, ...twitch.environment, PLATFORM_TIMEOUT: '1s' } },
)
