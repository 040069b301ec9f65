import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { platformCallbackPath } from '../../src/edge/serve-platform-callback.ts'
import { platformEnvironment } from '../bad-input/good-requests.ts'
import type { TestAuth } from '../open-test-auth.ts'
import { connectPerson } from '../platforms/connect-person.ts'
import { followAuthorization } from '../platforms/follow-authorization.ts'
import { type MockPlatform, makePerson, openMockPlatform } from '../platforms/open-mock-platform.ts'
import { assertRefused, getRefusal } from '../refusals.ts'
import type { Canaries } from './canaries.ts'
import { plantTokens } from './plant-tokens.ts'

/** Opens a platform whose tokens, codes, verifiers and words are canaries, and the secret that it knows us by. */
export async function openCanaryPlatform(canaries: Canaries): Promise<MockPlatform> {
  const platform = await openMockPlatform('twitch', { rotates: true })
  platform.environment.PLATFORM_REDIRECT_URIS = platformEnvironment.PLATFORM_REDIRECT_URIS
  platform.environment.PLATFORM_TWITCH_CLIENT_SECRET = canaries.make('client secret')
  platform.onToken = ({ body }, form) => {
    for (const name of ['code', 'code_verifier', 'refresh_token']) {
      const value = form[name]
      if (value) canaries.plant(`${name} that a platform was shown`, value)
    }
    if (body === '') return
    if (body.error !== undefined) body.error_description = canaries.make("a platform's words")
    if (typeof body.id_token === 'string') canaries.plant('ID token', body.id_token)
    if (typeof body.access_token === 'string') body.access_token = canaries.make('access token of a platform')
    if (typeof body.refresh_token === 'string') {
      platform.refreshTokens.delete(body.refresh_token)
      body.refresh_token = canaries.make('refresh token of a platform')
      platform.refreshTokens.add(String(body.refresh_token))
    }
  }
  return platform
}

/** What people and services do with accounts at the platform, over gRPC and in a browser, and what goes wrong there; some grants stay. */
export async function liveAtPlatform(
  auth: TestAuth,
  platform: MockPlatform,
  canaries: Canaries,
  browser: { readonly userId: string; readonly bearer: string },
): Promise<void> {
  const { platforms } = auth
  platform.person = makePerson()
  const person = await auth.signUp()
  const { id: platformAccountId } = await connectPerson(auth, person.id, 'twitch')
  const first = await platforms.getPlatformAccessToken({ platformAccountId })
  canaries.plant('access token of a platform', first.accessToken)
  await sql`update platform_accounts set access_expires_at = now()`.execute(auth.database.kysely)
  const renewed = await platforms.getPlatformAccessToken({ platformAccountId })
  assert.notEqual(renewed.accessToken, first.accessToken)
  const brought = await bring(auth, canaries)
  const { tokens } = await platforms.loginWithPlatform(brought)
  if (tokens) plantTokens(canaries, tokens)
  await getRefusal(platforms.loginWithPlatform(brought))
  await finishInBrowser(auth, platform, canaries, browser)
  let isBroken = true
  // It revokes nothing to the end: what is to be revoked waits with its token.
  platform.intercept = ({ url }, response) => {
    if (!isBroken && url !== '/revoke') return false
    response.writeHead(500).end(canaries.make('what a broken platform says'))
    return true
  }
  await platforms.disconnectPlatformAccount({ userId: person.id, platformAccountId })
  await assertRefused(
    platforms.loginWithPlatform(await bringNothing(auth)),
    'UNAVAILABLE',
    'PLATFORM_UNAVAILABLE',
  )
  isBroken = false
}

/** Begins a login, and comes back from the platform; what the browser carries are canaries. */
async function bring({ platforms }: TestAuth, canaries: Canaries) {
  const { authorizationUrl, proof, state } = await platforms.beginPlatformLogin({ platform: 'twitch' })
  const { authCode, iss } = await followAuthorization(authorizationUrl)
  canaries.plant('proof of a platform login', proof)
  plantRedirect(canaries, authorizationUrl, { authCode, state })
  return { platform: 'twitch', authCode, state, iss, proof, client: { clientId: 'web' } }
}

/** A code that no platform was asked for. */
async function bringNothing({ platforms }: TestAuth) {
  const { proof, state } = await platforms.beginPlatformLogin({ platform: 'twitch' })
  return { platform: 'twitch', authCode: 'made up', state, proof, client: { clientId: 'web' } }
}

/** Begins over the edge, and comes back to its own page: with the cookie, without it, and again. */
async function finishInBrowser(
  auth: TestAuth,
  platform: MockPlatform,
  canaries: Canaries,
  { userId, bearer }: { readonly userId: string; readonly bearer: string },
): Promise<void> {
  platform.person = makePerson()
  const base = `http://127.0.0.1:${auth.service.edgePort}`
  const begun = await fetch(`${base}/v1/users/${userId}/platform-accounts:begin`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ platform: 'twitch', redirectUri: `http://localhost:8080${platformCallbackPath}` }),
  })
  const { authorizationUrl, state } = (await begun.json()) as { authorizationUrl: string; state: string }
  const cookie = begun.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
  const { authCode, url } = await followAuthorization(authorizationUrl)
  plantRedirect(canaries, authorizationUrl, { authCode, state })
  const page = `${base}${platformCallbackPath}${new URL(url).search}`
  const statuses: number[] = []
  for (const headers of [{}, { cookie }, { cookie }]) statuses.push((await fetch(page, { headers })).status)
  assert.deepEqual(statuses, [400, 200, 400])
}

function plantRedirect(
  canaries: Canaries,
  authorizationUrl: string,
  { authCode, state }: { readonly authCode: string; readonly state: string },
): void {
  canaries.plant('code of a platform', authCode)
  canaries.plant('state', state)
  const nonce = new URL(authorizationUrl).searchParams.get('nonce')
  if (nonce) canaries.plant('nonce', nonce)
}
