import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlatformDisconnectReason } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import { openTestAuth, type TestAuth } from '../open-test-auth.ts'
import { listEvents } from '../outbox.ts'
import { assertRefused } from '../refusals.ts'
import { connectPerson } from './connect-person.ts'
import { followAuthorization } from './follow-authorization.ts'
import { type Intercept, makePerson, openMockPlatform } from './open-mock-platform.ts'
import { openOidcPlatform } from './open-oidc-platform.ts'

const app = 'https://app.example/connected'

/** What both servers can be. */
interface Quirks {
  readonly rotates?: boolean
  readonly pkce?: boolean
  readonly isShortLived?: boolean
}

interface QuirkyPlatform extends AsyncDisposable {
  readonly environment: Record<string, string>
  readonly shown: readonly string[]
  intercept: Intercept | undefined
  endGrants(): Promise<void>
  /** Has the next code be for somebody that nobody has connected. */
  renewPerson(): void
}

const servers: Readonly<Record<string, (name: string, quirks: Quirks) => Promise<QuirkyPlatform>>> = {
  'oidc-provider': async (name, quirks) => {
    const platform = await openOidcPlatform(name, { ...quirks, redirectUris: [app] })
    return Object.assign(platform, {
      renewPerson: () => {
        platform.accountId = makePerson().id
      },
    })
  },
  'oauth2-mock-server': async (name, quirks) => {
    const platform = await openMockPlatform(name, { ...quirks, isOpenId: true })
    return Object.assign(platform, {
      renewPerson: () => {
        platform.person = makePerson()
      },
    })
  },
}

/** What a platform may answer that is none of RFC 6749. */
const broken: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'an error page': (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'),
  'a page with status 200': (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  'half a JSON text': (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"a'),
  'no token': (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
  'a token in a form': (response) =>
    response
      .writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' })
      .end('access_token=a&token_type=bearer'),
  '10 MB': (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(`{"access_token":"${'x'.repeat(10 * 1024 * 1024)}"}`),
  'a redirect inward': (response) =>
    response.writeHead(307, { location: 'http://127.0.0.1:1/latest/meta-data' }).end(),
  'a cut connection': (response) => response.destroy(),
  'too many requests': (response) => response.writeHead(429).end(),
}

/** Has an error leave as the form that requests are, with the status that is given, and tells of it. */
function sendErrorAsForm(response: ServerResponse, status: number, onForm: () => void): void {
  const end = response.end.bind(response)
  const endOtherwise = (body: unknown) => {
    if (response.statusCode < 400) return end(body)
    const { error } = JSON.parse(String(body))
    const form = new URLSearchParams({ error, error_description: 'said otherwise' }).toString()
    response.statusCode = status
    response.setHeader('content-type', 'application/x-www-form-urlencoded; charset=utf-8')
    response.setHeader('content-length', form.length)
    onForm()
    return end(form)
  }
  response.end = endOtherwise as typeof response.end
}

for (const [server, open] of Object.entries(servers)) {
  describe(`Quirks of platforms, played by ${server}`, () => {
    const stack = new AsyncDisposableStack()
    let auth: TestAuth
    let rotating: QuirkyPlatform
    let plain: QuirkyPlatform
    let short: QuirkyPlatform

    before(async () => {
      rotating = stack.use(await open('rotating', { rotates: true }))
      plain = stack.use(await open('plain', { rotates: false, pkce: false }))
      short = stack.use(await open('short', { isShortLived: true }))
      const environment = {
        ...rotating.environment,
        ...plain.environment,
        ...short.environment,
        PLATFORM_REDIRECT_URIS: app,
        PLATFORM_TIMEOUT: '2s',
      }
      auth = stack.use(await openTestAuth({ environment }))
    })
    after(() => stack.disposeAsync())

    async function connect(name: string, platform: QuirkyPlatform) {
      const { id: userId } = await auth.signUp()
      platform.renewPerson()
      const { id: platformAccountId } = await connectPerson(auth, userId, name)
      return { userId, platformAccountId }
    }

    const get = (platformAccountId: string) => auth.platforms.getPlatformAccessToken({ platformAccountId })

    /** Nobody waits for a pause, either. */
    async function setExpiry(id: string, seconds: number): Promise<void> {
      await sql`update platform_accounts set failures = 0, access_expires_at = now() + ${seconds} * interval '1 second'
        where id = ${id}`.execute(auth.database.kysely)
    }

    async function renew(id: string): Promise<string> {
      await setExpiry(id, -1)
      return (await get(id)).accessToken
    }

    async function listReasons(userId: string) {
      const events = await listEvents(auth, 'platform_disconnected', userId)
      return events.map(({ reason }) => reason)
    }

    /** From the first click to the last, with two renewals; returns the refresh tokens that the platform was shown. */
    async function live(name: string, platform: QuirkyPlatform): Promise<readonly string[]> {
      const before = platform.shown.length
      const { platformAccountId, userId } = await connect(name, platform)
      const tokens = [(await get(platformAccountId)).accessToken]
      for (let round = 0; round < 2; round += 1) tokens.push(await renew(platformAccountId))
      assert.equal(new Set(tokens).size, 3)
      await auth.platforms.disconnectPlatformAccount({ platformAccountId, userId })
      assert.deepEqual((await auth.platforms.getPlatformAccounts({ userId })).accounts, [])
      return platform.shown.slice(before)
    }

    async function readAuthorization(platform: string): Promise<URLSearchParams> {
      const { id: userId } = await auth.signUp()
      const { authorizationUrl } = await auth.platforms.beginPlatformConnection({ userId, platform })
      return new URL(authorizationUrl).searchParams
    }

    test('no PKCE: no challenge is sent, and all works', async () => {
      const [none, some] = [await readAuthorization('plain'), await readAuthorization('rotating')]
      assert.equal(none.has('code_challenge'), false)
      assert.equal(some.get('code_challenge_method'), 'S256')
      await live('plain', plain)
    })

    test('refresh tokens that stay are shown again, those that rotate once each', async () => {
      assert.equal(new Set(await live('plain', plain)).size, 1)
      const shown = await live('rotating', rotating)
      assert.deepEqual([shown.length, new Set(shown).size], [2, 2])
    })

    test('a grant that has ended there is told once, and asked for no more', async () => {
      const { platformAccountId, userId } = await connect('rotating', rotating)
      await rotating.endGrants()
      await setExpiry(platformAccountId, -1)
      const calls = Array.from({ length: 5 }, () => get(platformAccountId))
      for (const call of calls) await assertRefused(call, 'FAILED_PRECONDITION', 'PLATFORM_GRANT_WITHDRAWN')
      assert.deepEqual(await listReasons(userId), [PlatformDisconnectReason.GRANT_WITHDRAWN])
    })

    test('a grant without a refresh token serves to its last second', async () => {
      const { platformAccountId, userId } = await connect('short', short)
      const { accessToken } = await get(platformAccountId)
      await setExpiry(platformAccountId, 30)
      assert.equal((await get(platformAccountId)).accessToken, accessToken)
      await setExpiry(platformAccountId, -1)
      await assertRefused(get(platformAccountId), 'FAILED_PRECONDITION', 'PLATFORM_GRANT_WITHDRAWN')
      assert.deepEqual(await listReasons(userId), [PlatformDisconnectReason.GRANT_EXPIRED])
    })

    for (const status of [400, 200]) {
      test(`errors in a form, with status ${status}, are read as what they say`, async () => {
        const { platformAccountId, userId } = await connect('plain', plain)
        const { authorizationUrl } = await auth.platforms.beginPlatformConnection({
          userId,
          platform: 'plain',
        })
        const { state, iss } = await followAuthorization(authorizationUrl)
        let forms = 0
        plain.intercept = ({ url }, response) => {
          if (url === '/token') sendErrorAsForm(response, status, () => (forms += 1))
          return false
        }
        const redirect = { userId, platform: 'plain', state, iss, authCode: 'made up' }
        const made = auth.platforms.connectPlatformAccount(redirect)
        await assertRefused(made, 'FAILED_PRECONDITION', 'PLATFORM_REFUSED')
        await renew(platformAccountId)
        await plain.endGrants()
        const ended = renew(platformAccountId)
        await assertRefused(ended, 'FAILED_PRECONDITION', 'PLATFORM_GRANT_WITHDRAWN')
        plain.intercept = undefined
        assert.equal(forms, 2)
      })
    }

    test('slow answers are waited for, once for all who ask; later than the time-out they are an outage', async () => {
      plain.intercept = async () => {
        await sleep(200)
        return false
      }
      const { platformAccountId } = await connect('plain', plain)
      await setExpiry(platformAccountId, -1)
      const before = plain.shown.length
      const answers = await Promise.all(Array.from({ length: 10 }, () => get(platformAccountId)))
      assert.equal(new Set(answers.map(({ accessToken }) => accessToken)).size, 1)
      assert.equal(plain.shown.length, before + 1)
      plain.intercept = () => true
      await assertRefused(renew(platformAccountId), 'UNAVAILABLE', 'PLATFORM_UNAVAILABLE')
      plain.intercept = undefined
      await renew(platformAccountId)
    })

    for (const [what, answer] of Object.entries(broken)) {
      test(`${what} instead of an answer is an outage, and costs no grant`, async () => {
        const { platformAccountId, userId } = await connect('rotating', rotating)
        rotating.intercept = ({ url }, response) => {
          if (url !== '/token') return false
          answer(response)
          return true
        }
        await assertRefused(renew(platformAccountId), 'UNAVAILABLE', 'PLATFORM_UNAVAILABLE')
        rotating.intercept = undefined
        await renew(platformAccountId)
        assert.deepEqual(await listReasons(userId), [])
      })
    }
  })
}
