import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { launch } from 'puppeteer-core'
import { freePort } from '../../../../tools/parts/free-port.ts'
import { openTestAuth, type Person, type TestAuth, toUniqueName } from '../open-test-auth.ts'
import { connectPerson } from './connect-person.ts'
import { followAuthorization } from './follow-authorization.ts'
import { type OidcPlatform, openOidcPlatform } from './open-oidc-platform.ts'

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

const app = 'https://app.example/connected'

describe('The callback page', () => {
  const stack = new AsyncDisposableStack()
  let auth: TestAuth
  let edge: string
  let platform: OidcPlatform
  let byHand: OidcPlatform
  let person: Person
  let bearer: string

  before(async () => {
    const port = await freePort()
    edge = `http://127.0.0.1:${port}`
    const redirectUris = [`${edge}/v1/platform-callback`, app]
    platform = stack.use(await openOidcPlatform('acme', { redirectUris }))
    byHand = stack.use(await openOidcPlatform('hand', { redirectUris, isAutomatic: false }))
    const environment = {
      ...platform.environment,
      ...byHand.environment,
      PLATFORM_REDIRECT_URIS: redirectUris.join(','),
      AUTH_ISSUER: edge,
      AUTH_EDGE_LISTEN: `127.0.0.1:${port}`,
    }
    auth = stack.use(await openTestAuth({ environment }))
    person = await auth.signUp()
    bearer = (await auth.logIn(person)).accessToken
  })
  after(() => stack.disposeAsync())

  /** As a page of ours in a browser: the cookie it got, and where the platform sent it. */
  async function goToPlatform(wishes: object = {}): Promise<{ cookie: string; url: string }> {
    platform.accountId = toUniqueName()
    const begun = await fetch(`${edge}/v1/users/${person.id}/platform-accounts:begin`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ platform: 'acme', ...wishes }),
    })
    assert.equal(begun.status, 200)
    const [line = ''] = begun.headers.getSetCookie()
    assert.match(line, /^platform-[0-9a-f]{32}=1; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/)
    const { authorizationUrl } = (await begun.json()) as { authorizationUrl: string }
    const { url } = await followAuthorization(authorizationUrl)
    return { cookie: line.split(';')[0] ?? '', url }
  }

  async function open(url: string, cookie?: string) {
    const response = await fetch(url, cookie === undefined ? {} : { headers: { cookie } })
    return { response, html: await response.text() }
  }

  async function listConnected(): Promise<string[]> {
    const { accounts } = await auth.platforms.getPlatformAccounts({ userId: person.id })
    return accounts.map(({ platformUserId }) => platformUserId)
  }

  test('finishes the connection and says whose account it is, escaped, and nothing that is secret', async () => {
    const { cookie, url } = await goToPlatform()
    assert.ok(url.startsWith(`${edge}/v1/platform-callback?`))
    const { response, html } = await open(url, cookie)
    assert.equal(response.status, 200)
    assert.match(html, /data-result="CONNECTED"/)
    assert.ok(html.includes(`${platform.accountId} the &lt;b&gt;Great&lt;/b&gt;`), html)
    assert.ok(!html.includes('<b>'))
    const { searchParams } = new URL(url)
    for (const name of ['code', 'state']) assert.ok(!html.includes(searchParams.get(name) ?? ''), name)
    assert.ok((await listConnected()).includes(platform.accountId))
  })

  test('runs and loads nothing, is framed by nobody, kept by nobody, and tells no address on', async () => {
    const { cookie, url } = await goToPlatform()
    const { headers } = (await open(url, cookie)).response
    assert.match(
      headers.get('content-security-policy') ?? '',
      /^default-src 'none';.*frame-ancestors 'none'$/,
    )
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(headers.get('content-type') ?? '', /^text\/html/)
    assert.match(headers.getSetCookie()[0] ?? '', /Max-Age=0/)
  })

  test('a browser that did not begin finishes nothing, and takes nothing from the one that did', async () => {
    const { cookie, url } = await goToPlatform()
    const other = await goToPlatform()
    for (const wrong of [undefined, other.cookie, cookie.replace('=1', '=2')]) {
      const { response, html } = await open(url, wrong)
      assert.equal(response.status, 400)
      assert.match(html, /data-result="PLATFORM_STATE_INVALID"/)
    }
    assert.equal((await open(url, cookie)).response.status, 200)
  })

  test('a second visit finds the state used', async () => {
    const { cookie, url } = await goToPlatform()
    await open(url, cookie)
    assert.match((await open(url, cookie)).html, /data-result="PLATFORM_STATE_INVALID"/)
  })

  test('somebody who declines is told so, and a parameter that comes twice is none', async () => {
    const { cookie, url } = await goToPlatform()
    const twice = await open(`${url}&code=another`, cookie)
    assert.match(twice.html, /data-result="PLATFORM_STATE_INVALID"/)
    const declined = new URL(url)
    declined.searchParams.delete('code')
    declined.searchParams.set('error', 'access_denied')
    const { response, html } = await open(declined.href, cookie)
    assert.equal(response.status, 400)
    assert.match(html, /data-result="PLATFORM_REFUSED"/)
    const again = await open(url, cookie)
    assert.match(again.html, /data-result="PLATFORM_STATE_INVALID"/)
  })

  test('what was begun for another page is finished there, and not here', async () => {
    const { cookie, url } = await goToPlatform({ redirectUri: app })
    assert.ok(url.startsWith(`${app}?`))
    const { search, searchParams } = new URL(url)
    const { response, html } = await open(`${edge}/v1/platform-callback${search}`, cookie)
    assert.equal(response.status, 400)
    assert.match(html, /data-result="PLATFORM_STATE_INVALID"/)
    const [authCode, state] = [searchParams.get('code') ?? '', searchParams.get('state') ?? '']
    const redirect = { userId: person.id, platform: 'acme', authCode, state }
    await auth.platforms.connectPlatformAccount(redirect)
  })

  test("another user's account is refused as such, and a platform that is away as an outage", async () => {
    const other = await auth.signUp()
    const first = await goToPlatform()
    const held = platform.accountId
    await connectPerson(auth, other.id, 'acme')
    const taken = await open(first.url, first.cookie)
    assert.equal(taken.response.status, 409)
    assert.match(taken.html, /data-result="PLATFORM_ACCOUNT_TAKEN"/)
    const second = await goToPlatform()
    platform.intercept = (_request, response) => {
      response.writeHead(503).end()
      return true
    }
    const away = await open(second.url, second.cookie)
    platform.intercept = undefined
    assert.equal(away.response.status, 503)
    assert.match(away.html, /data-result="PLATFORM_UNAVAILABLE"/)
    assert.ok(!(await listConnected()).includes(held))
  })

  test('what is in the address is never in the page', async () => {
    const { html } = await open(`${edge}/v1/platform-callback?state=<script>alert(1)</script>&error=<i>x</i>`)
    assert.ok(!html.includes('script>') && !html.includes('<i>'))
    const post = await fetch(`${edge}/v1/platform-callback`, { method: 'POST' })
    assert.equal(post.status, 405)
  })

  test('a person connects an account in Chromium, from the first click to the last page', {
    skip: chromium === undefined && 'Chromium is not installed',
  }, async () => {
    byHand.accountId = toUniqueName()
    const browser = await launch({
      executablePath: chromium ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    })
    try {
      const page = await browser.newPage()
      // What a page of the edge may load is for its own test; here it is a stand-in for the app's page of the same origin.
      await page.setBypassCSP(true)
      await page.goto(`${edge}/.well-known/jwks.json`)
      const begin = `fetch('/v1/users/${person.id}/platform-accounts:begin', {
        method: 'POST',
        headers: { authorization: 'Bearer ${bearer}', 'content-type': 'application/json' },
        body: JSON.stringify({ platform: 'hand' }),
      }).then((response) => response.json()).then(({ authorizationUrl }) => { location = authorizationUrl })`
      await Promise.all([page.waitForSelector('#allow', { timeout: 30_000 }), page.evaluate(begin)])
      await page.click('#allow')
      await page.waitForSelector('body[data-result]', { timeout: 30_000 })
      assert.equal(await page.$eval('body', (body) => body.dataset.result), 'CONNECTED')
      const text = await page.$eval('p', (paragraph) => paragraph.textContent)
      assert.ok(text?.includes(`${byHand.accountId} the <b>Great</b>`), text ?? '')
      const leftCookies = await page.cookies(edge)
      assert.deepEqual(
        leftCookies.filter(({ name }) => name.startsWith('platform-')),
        [],
      )
    } finally {
      await browser.close()
    }
    assert.ok((await listConnected()).includes(byHand.accountId))
  })
})
