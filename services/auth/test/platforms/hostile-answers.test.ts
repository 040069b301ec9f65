import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { assertRefused, getRefusal } from '../refusals.ts'
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

/** A string whose escapes are JSON's. */
function toAccount(id: string): string {
  return `{"data":[{"user_id":"${id}","name":"n"}]}`
}

function answerAccount(status: number, body: string): Intercept {
  return ({ url }, response) => {
    if (url !== '/userinfo') return false
    const location = status === 302 ? { location: 'http://127.0.0.1:1/latest/meta-data' } : {}
    response.writeHead(status, { 'content-type': 'application/json', ...location }).end(body)
    return true
  }
}

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

    const accountAnswers: readonly (readonly [string, Intercept, 'REFUSED' | 'UNAVAILABLE'])[] = [
      ['says that the token is withdrawn', answerAccount(401, '{}'), 'REFUSED'],
      ['does not let it be read', answerAccount(403, '{}'), 'REFUSED'],
      ['names no id', answerAccount(200, '{"data":[]}'), 'REFUSED'],
      ['names an id of 201 characters', answerAccount(200, toAccount('1'.repeat(201))), 'REFUSED'],
      ['names an id with a line break', answerAccount(200, toAccount('1\\n2')), 'REFUSED'],
      ['is called too often', answerAccount(429, '{}'), 'UNAVAILABLE'],
      ['has moved', answerAccount(404, '{}'), 'UNAVAILABLE'],
      ['answers a page', answerAccount(200, '<html>'), 'UNAVAILABLE'],
      ['answers 10 MB', answerAccount(200, toAccount('1'.repeat(10 * 1024 * 1024))), 'UNAVAILABLE'],
      ['redirects inward', answerAccount(302, ''), 'UNAVAILABLE'],
    ]
    test('an account that cannot be read connects nothing, whatever its endpoint answers', async () => {
      const { id: userId } = await context.auth.signUp()
      for (const [what, intercept, outcome] of accountAnswers) {
        const { authCode, state } = await begin(userId)
        kick.intercept = intercept
        const connect = api().connectPlatformAccount({ userId, platform: 'kick', authCode, state })
        const { reason } = await getRefusal(connect)
        kick.intercept = undefined
        assert.equal(reason, `PLATFORM_${outcome}`, what)
      }
      assert.deepEqual((await api().getPlatformAccounts({ userId })).accounts, [])
      await resetBreaker()
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
