import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { PlatformAccountStatus, PlatformDisconnectReason } from '@immersiverse/auth-contract'
import { until } from '../../src/store/outbox-testing.ts'
import { listEvents } from '../outbox.ts'
import { assertRefused } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { connectPerson } from './connect-person.ts'
import { makePerson, openMockPlatform } from './open-mock-platform.ts'

const twitch = await openMockPlatform('twitch')
after(() => twitch.close())

describeOnStores(
  'Platform accounts',
  (context) => {
    test('a connected account is listed without tokens, and announced with its id and name', async () => {
      const person = await context.auth.signUp()
      twitch.person = makePerson()
      const account = await connectPerson(context.auth, person.id, 'twitch')
      assert.equal(account.platformUserId, twitch.person.id)
      assert.equal(account.platformUsername, twitch.person.name)
      assert.equal(account.status, PlatformAccountStatus.ACTIVE)
      const { accounts } = await context.auth.platforms.getPlatformAccounts({ userId: person.id })
      assert.deepEqual(accounts, [account])
      const [event] = await listEvents(context.auth, 'platform_connected', person.id)
      assert.equal(event?.platformAccountId, account.id)
      assert.equal(event?.platformUserId, twitch.person.id)
      assert.equal(event?.platform, 'twitch')
    })

    test('another service gets a token to act with, without asking the platform while it lasts', async () => {
      const person = await context.auth.signUp()
      twitch.person = makePerson()
      const { id } = await connectPerson(context.auth, person.id, 'twitch')
      const before = twitch.counts.renew
      const first = await context.auth.platforms.getPlatformAccessToken({ platformAccountId: id })
      const second = await context.auth.platforms.getPlatformAccessToken({ platformAccountId: id })
      assert.match(first.accessToken, /^access-\d+$/)
      assert.equal(second.accessToken, first.accessToken)
      assert.ok(Number(first.expiresAt?.seconds) * 1000 > Date.now())
      assert.equal(twitch.counts.renew, before)
    })

    test('a disconnected account is gone at once, told, and revoked at the platform', async () => {
      const person = await context.auth.signUp()
      twitch.person = makePerson()
      const { id } = await connectPerson(context.auth, person.id, 'twitch')
      const { accessToken } = await context.auth.platforms.getPlatformAccessToken({ platformAccountId: id })
      await context.auth.platforms.disconnectPlatformAccount({ userId: person.id, platformAccountId: id })
      const { accounts } = await context.auth.platforms.getPlatformAccounts({ userId: person.id })
      assert.deepEqual(accounts, [])
      await assertRefused(
        context.auth.platforms.getPlatformAccessToken({ platformAccountId: id }),
        'NOT_FOUND',
        'PLATFORM_ACCOUNT_NOT_FOUND',
      )
      const [event] = await listEvents(context.auth, 'platform_disconnected', person.id)
      assert.equal(event?.reason, PlatformDisconnectReason.DISCONNECTED)
      await until(() => twitch.revoked.includes(accessToken))
      await until(async () => (await countRevocations()) === 0)
    })

    test('connecting an account again renews the grant under the same id', async () => {
      const person = await context.auth.signUp()
      twitch.person = makePerson()
      const first = await connectPerson(context.auth, person.id, 'twitch')
      const before = await context.auth.platforms.getPlatformAccessToken({ platformAccountId: first.id })
      const second = await connectPerson(context.auth, person.id, 'twitch')
      assert.equal(second.id, first.id)
      const token = await context.auth.platforms.getPlatformAccessToken({ platformAccountId: first.id })
      assert.notEqual(token.accessToken, before.accessToken)
      assert.equal((await listEvents(context.auth, 'platform_connected', person.id)).length, 2)
    })

    test('deleting a user erases the accounts and revokes them at the platform', async () => {
      const person = await context.auth.signUp()
      twitch.person = makePerson()
      const { id } = await connectPerson(context.auth, person.id, 'twitch')
      const { accessToken } = await context.auth.platforms.getPlatformAccessToken({ platformAccountId: id })
      await context.auth.users.deleteUser({ userId: person.id })
      const { kysely } = context.auth.database
      const rows = await kysely.selectFrom('platform_accounts').selectAll().where('id', '=', id).execute()
      assert.deepEqual(rows, [])
      const [event] = await listEvents(context.auth, 'platform_disconnected', person.id)
      assert.equal(event?.reason, PlatformDisconnectReason.USER_DELETED)
      await until(() => twitch.revoked.includes(accessToken))
    })

    test('the free account can be connected by somebody else', async () => {
      const [first, second] = [await context.auth.signUp(), await context.auth.signUp()]
      twitch.person = makePerson()
      const { id } = await connectPerson(context.auth, first.id, 'twitch')
      await context.auth.platforms.disconnectPlatformAccount({ userId: first.id, platformAccountId: id })
      const account = await connectPerson(context.auth, second.id, 'twitch')
      assert.equal(account.userId, second.id)
    })

    test('what is no user, platform, account or redirect URI is named', async () => {
      const { platforms } = context.auth
      const { id: userId } = await context.auth.signUp()
      const nobody = '01890a5d-ac96-774b-bcce-b302099a8057'
      const begin = (wishes: object) =>
        platforms.beginPlatformConnection({ userId, platform: 'twitch', ...wishes })
      await assertRefused(begin({ platform: 'kick' }), 'NOT_FOUND', 'PLATFORM_NOT_ENABLED')
      await assertRefused(begin({ userId: nobody }), 'NOT_FOUND', 'USER_NOT_FOUND')
      await assertRefused(begin({ userId: 'x' }), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['user_id'])
      const elsewhere = begin({ redirectUri: 'https://elsewhere.example/' })
      await assertRefused(elsewhere, 'INVALID_ARGUMENT', 'INVALID_FIELD', ['redirect_uri'])
      await assertRefused(
        platforms.disconnectPlatformAccount({ userId, platformAccountId: nobody }),
        'NOT_FOUND',
        'PLATFORM_ACCOUNT_NOT_FOUND',
      )
      await assertRefused(
        platforms.connectPlatformAccount({ userId, platform: 'twitch' }),
        'INVALID_ARGUMENT',
        'INVALID_FIELD',
        ['auth_code', 'state'],
      )
    })

    async function countRevocations(): Promise<number> {
      const { kysely } = context.auth.database
      return (await kysely.selectFrom('platform_revocations').select('id').execute()).length
    }
  },
  { onModel: false, environment: twitch.environment },
)
