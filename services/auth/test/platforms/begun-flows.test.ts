import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { followAuthorization } from './follow-authorization.ts'
import { makePerson, openMockPlatform } from './open-mock-platform.ts'

const twitch = await openMockPlatform('twitch')
after(() => twitch.close())
const mostOfUser = 20
const environment = {
  ...twitch.environment,
  PLATFORM_REDIRECT_URIS: 'https://app.example/connected',
  AUTH_PLATFORM_LOGINS_PER_ADDRESS: '3/15m',
}

describeOnStores(
  'Flows that are begun and not finished',
  (context) => {
    test('are limited for an address, logins and connections together, and a refused one is no row', async () => {
      const person = await context.auth.signUp()
      const { accessToken } = await context.auth.logIn(person)
      const post = async (path: string) => {
        const answer = await fetch(`http://127.0.0.1:${context.auth.service.edgePort}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
          body: JSON.stringify({ platform: 'twitch' }),
        })
        const { reason = '' } = (await answer.json()) as { reason?: string }
        return `${answer.status} ${reason} ${answer.headers.has('retry-after')}`
      }
      const login = '/v1/auth/platforms/twitch:begin'
      const connection = `/v1/users/${person.id}/platform-accounts:begin`
      const answers: string[] = []
      for (const path of [login, connection, login]) answers.push(await post(path))
      assert.deepEqual(answers, Array(3).fill('200  false'))
      const before = await countRows()
      for (const path of [login, connection]) {
        assert.equal(await post(path), '429 TOO_MANY_PLATFORM_FLOWS true')
      }
      assert.equal(await countRows(), before)
    })

    test('of a user the newest serve; what a service begins is not counted by its own address', async () => {
      const { id: userId } = await context.auth.signUp()
      twitch.person = makePerson()
      const begin = async () =>
        await followAuthorization(
          (await context.auth.platforms.beginPlatformConnection({ userId, platform: 'twitch' }))
            .authorizationUrl,
        )
      const other = await context.auth.signUp()
      const others = await context.auth.platforms.beginPlatformConnection({
        ...{ userId: other.id, platform: 'twitch' },
      })
      const first = await begin()
      const second = await begin()
      for (let at = 2; at <= mostOfUser; at += 1) await begin()
      assert.equal(await countRows(userId), mostOfUser)
      const connect = ({ authCode, state, iss }: typeof first) =>
        context.auth.platforms.connectPlatformAccount({ userId, platform: 'twitch', authCode, state, iss })
      await assertRefused(connect(first), 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
      await connect(second)
      assert.ok(others.state !== '' && (await countRows(other.id)) === 1)
    })

    async function countRows(userId?: string): Promise<number> {
      const rows = await context.auth.database.kysely
        .selectFrom('platform_connections')
        .select('user_id')
        .execute()
      return rows.filter(({ user_id: of }) => userId === undefined || of === userId).length
    }
  },
  { onModel: false, environment },
)
