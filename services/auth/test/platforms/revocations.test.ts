import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { until } from '../../src/store/outbox-testing.ts'
import { assertRefused } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { connectPerson } from './connect-person.ts'
import { type Intercept, makePerson, openMockPlatform } from './open-mock-platform.ts'

const kick = await openMockPlatform('kick', {
  rotates: true,
  toAccount: ({ id, name }) => ({ data: [{ user_id: Number(id), name }] }),
})
/** Revokes as RFC 7009 says. */
const discord = await openMockPlatform('discord', {
  sendsIssuer: true,
  toAccount: ({ id, name }) => ({ id, username: name }),
})
after(async () => {
  for (const platform of [kick, discord]) await platform.close()
})

describeOnStores(
  'Grants that are to be revoked at their platform',
  (context) => {
    const api = () => context.auth.platforms

    async function connect(platform: 'kick' | 'discord' = 'kick') {
      const { id: userId } = await context.auth.signUp()
      const mock = platform === 'kick' ? kick : discord
      mock.person = makePerson()
      const { id: platformAccountId } = await connectPerson(context.auth, userId, platform)
      return { userId, platformAccountId }
    }

    const answerRevocations =
      (status: number, body = ''): Intercept =>
      ({ url = '' }, response) => {
        if (!url.startsWith('/revoke')) return false
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
        return true
      }

    const countRows = async () =>
      (await context.auth.database.kysely.selectFrom('platform_revocations').select('id').execute()).length

    /** Nobody waits for the pause. */
    const hurry = () =>
      sql`update platform_revocations set next_attempt_at = now()`.execute(context.auth.database.kysely)

    test('are tried until the platform takes them', async () => {
      const account = await connect('discord')
      let tries = 0
      discord.intercept = (request, response) => {
        if (request.url !== '/revoke') return false
        tries += 1
        return tries > 1 ? false : answerRevocations(503)(request, response)
      }
      const token = [...discord.refreshTokens].at(-1)
      await api().disconnectPlatformAccount(account)
      await until(async () => {
        await hurry()
        return (await countRows()) === 0
      })
      discord.intercept = undefined
      assert.equal(tries, 2)
      assert.ok(discord.revoked.includes(token ?? ''))
    })

    test('are done where the platform says that it knows the token no more, however often', async () => {
      const [named, unnamed] = ['{"error":"invalid_token"}', '{"status":400,"message":"Invalid token"}']
      for (let at = 0; at < 6; at += 1) {
        discord.intercept = answerRevocations(400, at % 2 === 0 ? named : unnamed)
        const account = await connect('discord')
        await api().disconnectPlatformAccount(account)
        await until(async () => (await countRows()) === 0)
      }
      discord.intercept = undefined
      await connect('discord')
    })

    test('what a platform gives for an account that is disconnected meanwhile is revoked as well', async () => {
      const others = new Set(kick.refreshTokens)
      const { platformAccountId, userId } = await connect()
      await sql`update platform_accounts set access_expires_at = now() where id = ${platformAccountId}`.execute(
        context.auth.database.kysely,
      )
      const asked = Promise.withResolvers<void>()
      const answer = Promise.withResolvers<boolean>()
      kick.intercept = (request, response) => {
        // Revoked before it answers, the platform would have nothing to give.
        if (request.url !== '/token') return answerRevocations(503)(request, response)
        asked.resolve()
        return answer.promise
      }
      const before = kick.counts.renew
      const get = api().getPlatformAccessToken({ platformAccountId })
      const refused = assertRefused(get, 'NOT_FOUND', 'PLATFORM_ACCOUNT_NOT_FOUND')
      await asked.promise
      await api().disconnectPlatformAccount({ platformAccountId, userId })
      answer.resolve(false)
      await refused
      kick.intercept = undefined
      assert.equal(kick.counts.renew, before + 1)
      assert.equal(kick.refreshTokens.isSubsetOf(others), false)
      await until(async () => {
        await hurry()
        return (await countRows()) === 0
      })
      assert.ok(kick.refreshTokens.isSubsetOf(others))
    })

    test('are left alone where the account was connected again before: that could end the new grant', async () => {
      const { platformAccountId, userId } = await connect()
      kick.intercept = answerRevocations(503)
      await api().disconnectPlatformAccount({ platformAccountId, userId })
      const again = await connectPerson(context.auth, userId, 'kick')
      const before = kick.revoked.length
      kick.intercept = undefined
      await until(async () => {
        await hurry()
        return (await countRows()) === 0
      })
      assert.equal(kick.revoked.length, before)
      await api().getPlatformAccessToken({ platformAccountId: again.id })
    })
  },
  { onModel: false, environment: { ...kick.environment, ...discord.environment } },
)
