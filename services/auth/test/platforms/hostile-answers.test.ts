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
after(() => kick.close())

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

    async function resetBreaker(): Promise<void> {
      const { id: userId } = await context.auth.signUp()
      kick.person = makePerson()
      await connectPerson(context.auth, userId, 'kick')
    }
  },
  { onModel: false, environment: { ...kick.environment, PLATFORM_TIMEOUT: '1s' } },
)
