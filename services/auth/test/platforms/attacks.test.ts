import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { listEvents } from '../outbox.ts'
import { assertRefused } from '../refusals.ts'
import { describeOnStores } from '../stores.ts'
import { connectPerson } from './connect-person.ts'
import { followAuthorization } from './follow-authorization.ts'
import { makePerson, openMockPlatform } from './open-mock-platform.ts'

const twitch = await openMockPlatform('twitch')
const kick = await openMockPlatform('kick', {
  toAccount: ({ id, name }) => ({ data: [{ user_id: Number(id), name }] }),
})
const provider = await openMockPlatform('acme')
after(async () => {
  for (const platform of [twitch, kick, provider]) await platform.close()
})
const app = 'https://app.example/connected'
const environment = {
  ...twitch.environment,
  ...kick.environment,
  ...withoutAccountUrl(provider.environment),
  PLATFORM_REDIRECT_URIS: `${app},https://app.example/other`,
}

/** The account is the ID token's. */
function withoutAccountUrl(given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !name.endsWith('ACCOUNT_URL')))
}

describeOnStores(
  'Attacks on platform connections',
  (context) => {
    const api = () => context.auth.platforms

    async function begin(userId: string, platform = 'twitch', redirectUri = '') {
      const { authorizationUrl } = await api().beginPlatformConnection({ userId, platform, redirectUri })
      return { authorizationUrl, ...(await followAuthorization(authorizationUrl)) }
    }

    test('a state serves once: of 20 at the same time one connects', async () => {
      const { id: userId } = await context.auth.signUp()
      twitch.person = makePerson()
      const { authCode, state } = await begin(userId)
      const before = twitch.counts.exchange
      const tries = Array.from({ length: 20 }, () =>
        api().connectPlatformAccount({ userId, platform: 'twitch', authCode, state }),
      )
      const outcomes = await Promise.allSettled(tries)
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      assert.equal(twitch.counts.exchange, before + 1)
      assert.equal((await listEvents(context.auth, 'platform_connected', userId)).length, 1)
      const again = api().connectPlatformAccount({ userId, platform: 'twitch', authCode, state })
      await assertRefused(again, 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
    })

    test('a code that was used is refused by the platform, with a fresh state too', async () => {
      const { id: userId } = await context.auth.signUp()
      twitch.person = makePerson()
      const first = await begin(userId)
      const { authCode } = first
      await api().connectPlatformAccount({ userId, platform: 'twitch', authCode, state: first.state })
      const { state } = await begin(userId)
      const again = api().connectPlatformAccount({ userId, platform: 'twitch', authCode, state })
      await assertRefused(again, 'FAILED_PRECONDITION', 'PLATFORM_REFUSED')
    })

    test("another user's state connects nothing, and is still its owner's", async () => {
      const [victim, thief] = [await context.auth.signUp(), await context.auth.signUp()]
      twitch.person = makePerson()
      const { authCode, state } = await begin(victim.id)
      const stolen = api().connectPlatformAccount({ userId: thief.id, platform: 'twitch', authCode, state })
      await assertRefused(stolen, 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
      const { account } = await api().connectPlatformAccount({
        ...{ userId: victim.id, platform: 'twitch', authCode, state },
      })
      assert.equal(account?.userId, victim.id)
    })

    test("one platform's state or code serves at no other", async () => {
      const { id: userId } = await context.auth.signUp()
      ;[twitch.person, kick.person] = [makePerson(), makePerson()]
      const atTwitch = await begin(userId)
      const atKick = await begin(userId, 'kick')
      const crossed = api().connectPlatformAccount({
        ...{ userId, platform: 'kick', authCode: atTwitch.authCode, state: atTwitch.state },
      })
      await assertRefused(crossed, 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
      const mixedUp = api().connectPlatformAccount({
        ...{ userId, platform: 'kick', authCode: atTwitch.authCode, state: atKick.state },
      })
      const refusal = await Promise.allSettled([mixedUp])
      assert.equal(refusal[0].status, 'rejected')
      assert.deepEqual((await api().getPlatformAccounts({ userId })).accounts, [])
    })

    test('an issuer in the redirect that is not the platform is refused before the code is sent', async () => {
      const { id: userId } = await context.auth.signUp()
      const { authCode, state } = await begin(userId)
      const before = twitch.counts.exchange
      const mixedUp = api().connectPlatformAccount({
        ...{ userId, platform: 'twitch', authCode, state, iss: kick.url },
      })
      await assertRefused(mixedUp, 'FAILED_PRECONDITION', 'PLATFORM_REFUSED')
      assert.equal(twitch.counts.exchange, before)
    })

    test('a state older than ten minutes is refused', async () => {
      const { id: userId } = await context.auth.signUp()
      const { expiresAt, authorizationUrl } = await api().beginPlatformConnection({
        ...{ userId, platform: 'twitch' },
      })
      const leftMs = Number(expiresAt?.seconds) * 1000 - Date.now()
      assert.ok(leftMs > 590_000 && leftMs <= 601_000, `${leftMs} ms`)
      const { authCode, state } = await followAuthorization(authorizationUrl)
      await sql`update platform_connections set expires_at = now() where user_id = ${userId}`.execute(
        context.auth.database.kysely,
      )
      const late = api().connectPlatformAccount({ userId, platform: 'twitch', authCode, state })
      await assertRefused(late, 'FAILED_PRECONDITION', 'PLATFORM_STATE_INVALID')
    })

    test('only redirect URIs that are configured, letter by letter; the one that was begun with is sent with the code', async () => {
      const { id: userId } = await context.auth.signUp()
      twitch.person = makePerson()
      for (const redirectUri of [
        `${app}/`,
        `${app}?x=1`,
        'https://app.example/Connected',
        'https://evil.example/',
      ]) {
        const begun = api().beginPlatformConnection({ userId, platform: 'twitch', redirectUri })
        await assertRefused(begun, 'INVALID_ARGUMENT', 'INVALID_FIELD', ['redirect_uri'])
      }
      const sent: (string | undefined)[] = []
      twitch.onToken = (_answer, form) => sent.push(form.redirect_uri)
      const { authCode, state, url } = await begin(userId, 'twitch', 'https://app.example/other')
      await api().connectPlatformAccount({ userId, platform: 'twitch', authCode, state })
      twitch.onToken = undefined
      assert.ok(url.startsWith('https://app.example/other?'))
      assert.deepEqual(sent, ['https://app.example/other'])
    })

    test('an account that another user has connected is not taken, also when both come at once', async () => {
      const [first, second] = [await context.auth.signUp(), await context.auth.signUp()]
      twitch.person = makePerson()
      const both = [await begin(first.id), await begin(second.id)]
      const outcomes = await Promise.allSettled(
        [first, second].map(({ id: userId }, n) =>
          api().connectPlatformAccount({
            ...{ userId, platform: 'twitch', authCode: both[n]?.authCode ?? '', state: both[n]?.state ?? '' },
          }),
        ),
      )
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      const [winner, loser] = outcomes[0]?.status === 'fulfilled' ? [first, second] : [second, first]
      await assertRefused(
        connectPerson(context.auth, loser.id, 'twitch'),
        'ALREADY_EXISTS',
        'PLATFORM_ACCOUNT_TAKEN',
      )
      assert.equal((await api().getPlatformAccounts({ userId: winner.id })).accounts.length, 1)
      assert.equal((await api().getPlatformAccounts({ userId: loser.id })).accounts.length, 0)
    })

    test('the code challenge is S256, and a platform that gets another verifier refuses', async () => {
      const { id: userId } = await context.auth.signUp()
      kick.person = makePerson()
      const first = await begin(userId, 'kick')
      const { searchParams } = new URL(first.authorizationUrl)
      assert.equal(searchParams.get('code_challenge_method'), 'S256')
      assert.match(searchParams.get('code_challenge') ?? '', /^[\w-]{43}$/)
      const other = await begin(userId, 'kick')
      const swapped = api().connectPlatformAccount({
        ...{ userId, platform: 'kick', authCode: first.authCode, state: other.state },
      })
      const [outcome] = await Promise.allSettled([swapped])
      assert.equal(outcome.status, 'rejected')
      assert.deepEqual((await api().getPlatformAccounts({ userId })).accounts, [])
    })

    test('an ID token with another nonce, audience or signature is refused', async () => {
      const { id: userId } = await context.auth.signUp()
      const connect = async (change: (body: Record<string, unknown>) => void) => {
        provider.onToken = ({ body }) => {
          if (body !== '') change(body)
        }
        try {
          return await connectPerson(context.auth, userId, 'acme')
        } finally {
          provider.onToken = undefined
        }
      }
      const account = await connect(() => undefined)
      assert.equal(account.platformUserId, 'johndoe')
      const read = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())
      const write = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
      const forge =
        (edit: (claims: Record<string, unknown>) => void, change: object = {}) =>
        (body: Record<string, unknown>) => {
          const [header, payload, signature] = String(body.id_token).split('.')
          const claims = read(payload)
          edit(claims)
          const content = `${write({ ...read(header), ...change })}.${write(claims)}`
          const hmac = createHmac('sha256', 'secret').update(content).digest('base64url')
          const signatures: Record<string, string> = { none: '', HS256: hmac }
          const signed = 'alg' in change ? signatures[String(change.alg)] : signature
          body.id_token = `${content}.${signed}`
        }
      for (const change of [
        forge((claims) => (claims.nonce = 'another')),
        forge((claims) => (claims.aud = 'another')),
        forge((claims) => (claims.iss = kick.url)),
        forge((claims) => (claims.sub = 'victim')),
        forge(() => undefined, { alg: 'none' }),
        forge(() => undefined, { alg: 'HS256' }),
        (body: Record<string, unknown>) => delete body.id_token,
      ]) {
        const [outcome] = await Promise.allSettled([connect(change)])
        assert.equal(outcome.status, 'rejected')
      }
      const { accounts } = await api().getPlatformAccounts({ userId })
      assert.deepEqual(
        accounts.map(({ platformUserId }) => platformUserId),
        ['johndoe'],
      )
      await api().disconnectPlatformAccount({ userId, platformAccountId: account.id })
    })
  },
  { onModel: false, environment },
)
