import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { until } from '../../src/store/outbox-testing.ts'
import { type TestAuth, toUniqueName } from '../open-test-auth.ts'
import { listEvents } from '../outbox.ts'
import { assertRefused } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { getVerdict } from '../validations.ts'
import { connectPerson } from './connect-person.ts'
import { followAuthorization } from './follow-authorization.ts'
import { openOidcPlatform } from './open-oidc-platform.ts'

const app = 'https://app.example/connected'
const acme = await openOidcPlatform('acme', { redirectUris: [app] })
after(() => acme.close())
const environment = { ...acme.environment, PLATFORM_REDIRECT_URIS: app }

/** Begins, goes to the platform and comes back; not yet logged in. */
async function goToPlatform({ platforms }: Pick<TestAuth, 'platforms'>) {
  const { authorizationUrl, proof } = await platforms.beginPlatformLogin({ platform: 'acme' })
  const { authCode, state, iss } = await followAuthorization(authorizationUrl)
  return { platform: 'acme', authCode, state, iss, proof, client: { clientId: 'web' } }
}

describeOnStores(
  'Logging in with a platform, a certified OpenID provider',
  (context) => {
    test('the whole life of a connection: ID token, rotated refresh, revocation of the grant', async () => {
      const person = await context.auth.signUp()
      acme.accountId = toUniqueName()
      const account = await connectPerson(context.auth, person.id, 'acme')
      assert.equal(account.platformUserId, acme.accountId)
      const get = () => context.auth.platforms.getPlatformAccessToken({ platformAccountId: account.id })
      const first = await get()
      for (let round = 0; round < 2; round += 1) {
        await sql`update platform_accounts set access_expires_at = now() where id = ${account.id}`.execute(
          context.auth.database.kysely,
        )
        assert.notEqual((await get()).accessToken, first.accessToken)
      }
      const before = acme.revokedGrants.length
      await context.auth.platforms.disconnectPlatformAccount({
        userId: person.id,
        platformAccountId: account.id,
      })
      await until(() => acme.revokedGrants.length > before)
    })

    test('the linked account logs its user in, whatever name it has by now', async () => {
      const person = await context.auth.signUp()
      acme.accountId = toUniqueName()
      await connectPerson(context.auth, person.id, 'acme')
      const { tokens, user, created } = await context.auth.platforms.loginWithPlatform(
        await goToPlatform(context.auth),
      )
      assert.equal(user?.id, person.id)
      assert.equal(created, false)
      assert.equal(await getVerdict(context.auth, tokens?.accessToken ?? ''), 'VALID')
      const logins = await listEvents(context.auth, 'login_succeeded', person.id)
      assert.equal(logins[0]?.sessionId, tokens?.sessionId)
    })

    test('an account that nobody has linked logs nobody in, and makes nobody', async () => {
      acme.accountId = toUniqueName()
      const before = await countUsers()
      const login = context.auth.platforms.loginWithPlatform(await goToPlatform(context.auth))
      await assertRefused(login, 'NOT_FOUND', 'PLATFORM_ACCOUNT_NOT_LINKED')
      assert.equal(await countUsers(), before)
    })

    test('only the browser that began may finish, and once', async () => {
      const person = await context.auth.signUp()
      acme.accountId = toUniqueName()
      await connectPerson(context.auth, person.id, 'acme')
      const brought = await goToPlatform(context.auth)
      const login = (wishes: object) => context.auth.platforms.loginWithPlatform({ ...brought, ...wishes })
      await assertRefused(login({ proof: 'another' }), 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
      const both = await Promise.allSettled([login({}), login({})])
      assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    })

    test('a state of a connection logs nobody in, and one of a login connects nothing', async () => {
      const person = await context.auth.signUp()
      acme.accountId = toUniqueName()
      await connectPerson(context.auth, person.id, 'acme')
      const { authorizationUrl } = await context.auth.platforms.beginPlatformConnection({
        ...{ userId: person.id, platform: 'acme' },
      })
      const connection = await followAuthorization(authorizationUrl)
      const login = context.auth.platforms.loginWithPlatform({ ...connection, platform: 'acme', proof: '' })
      await assertRefused(login, 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
      const begun = await goToPlatform(context.auth)
      const connect = context.auth.platforms.connectPlatformAccount({ ...begun, userId: person.id })
      await assertRefused(connect, 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
    })

    test('a suspended user does not get in', async () => {
      const person = await context.auth.signUp()
      acme.accountId = toUniqueName()
      await connectPerson(context.auth, person.id, 'acme')
      await context.auth.users.updateUser({ userId: person.id, status: 2 })
      const login = context.auth.platforms.loginWithPlatform(await goToPlatform(context.auth))
      await assertRefused(login, 'PERMISSION_DENIED', 'USER_SUSPENDED')
    })

    async function countUsers(): Promise<number> {
      return (await context.auth.database.kysely.selectFrom('users').select('id').execute()).length
    }
  },
  { onModel: false, environment },
)

describeOnStores(
  'Logging in with a platform, where that makes users',
  (context) => {
    test('somebody new becomes a user once, however often they come at the same time', async () => {
      acme.accountId = toUniqueName()
      const brought = await Promise.all(Array.from({ length: 4 }, () => goToPlatform(context.auth)))
      const logins = await Promise.all(brought.map((one) => context.auth.platforms.loginWithPlatform(one)))
      assert.equal(new Set(logins.map(({ user }) => user?.id)).size, 1)
      assert.equal(logins.filter(({ created }) => created).length, 1)
      const user = logins[0]?.user
      assert.equal(user?.email, '')
      assert.equal((await listEvents(context.auth, 'user_created', user?.id ?? '')).length, 1)
      const { accounts } = await context.auth.platforms.getPlatformAccounts({ userId: user?.id ?? '' })
      assert.equal(accounts[0]?.platformUserId, acme.accountId)
    })

    test('a name that is taken gets a suffix, and nobody is merged by it', async () => {
      const name = toUniqueName()
      const person = await context.auth.signUp({ username: `${name}theb` })
      acme.accountId = name
      const first = await context.auth.platforms.loginWithPlatform(await goToPlatform(context.auth))
      assert.equal(first.created, true)
      assert.notEqual(first.user?.id, person.id)
      acme.accountId = toUniqueName()
      const second = await context.auth.platforms.loginWithPlatform(await goToPlatform(context.auth))
      assert.notEqual(second.user?.id, first.user?.id)
      // Two without an e-mail address: neither stands in the other's way.
      assert.equal(second.user?.email, '')
    })
  },
  { onModel: false, environment: { ...environment, PLATFORM_LOGIN_CREATES_USERS: 'true' } },
)
