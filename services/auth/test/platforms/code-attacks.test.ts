import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { followAuthorization } from './follow-authorization.ts'
import { makePerson, openMockPlatform } from './open-mock-platform.ts'

/** Without PKCE: a code is all that there is. */
const twitch = await openMockPlatform('twitch')
const discord = await openMockPlatform('discord', {
  sendsIssuer: true,
  toAccount: ({ id, name }) => ({ id, username: name }),
})
after(async () => {
  for (const platform of [twitch, discord]) await platform.close()
})

describeOnStores(
  'Attacks with codes',
  (context) => {
    const api = () => context.auth.platforms

    async function begin(userId: string, platform: string) {
      const { authorizationUrl } = await api().beginPlatformConnection({ userId, platform })
      return { userId, platform, ...(await followAuthorization(authorizationUrl)) }
    }

    test('a code serves once: of ten users who bring it at the same time, each with a state of their own, one connects', async () => {
      twitch.person = makePerson()
      const flows = []
      for (let at = 0; at < 10; at += 1) flows.push(await begin((await context.auth.signUp()).id, 'twitch'))
      const authCode = flows[0]?.authCode ?? ''
      const outcomes = await Promise.allSettled(
        flows.map(({ userId, platform, state }) =>
          api().connectPlatformAccount({ userId, platform, state, authCode }),
        ),
      )
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      const listed = flows.map(async ({ userId }) => (await api().getPlatformAccounts({ userId })).accounts)
      assert.equal((await Promise.all(listed)).flat().length, 1)
    })

    test('a redirect without the issuer, of a platform that always names it, is refused before the code is sent', async () => {
      discord.person = makePerson()
      const { id: userId } = await context.auth.signUp()
      const { authCode, state } = await begin(userId, 'discord')
      const before = discord.counts.exchange
      const stripped = api().connectPlatformAccount({ userId, platform: 'discord', authCode, state })
      await assertRefused(stripped, 'FAILED_PRECONDITION', 'PLATFORM_REFUSED')
      assert.equal(discord.counts.exchange, before)
      await api().connectPlatformAccount(await begin(userId, 'discord'))
    })
  },
  { onModel: false, environment: { ...twitch.environment, ...discord.environment } },
)
