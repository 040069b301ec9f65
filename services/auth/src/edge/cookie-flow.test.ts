import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestAuth, type TestAuth } from '../../test/open-test-auth.ts'

const origin = 'http://localhost:5173'

describe('a browser that keeps its refresh token in a cookie', () => {
  let auth: TestAuth
  before(async () => {
    auth = await openTestAuth({ environment: { AUTH_EDGE_ORIGINS: origin } })
  })
  after(() => auth.close())

  async function post(path: string, cookie: string, body: object = {}) {
    const answer = await fetch(`http://127.0.0.1:${auth.service.edgePort}/v1/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-auth-mode': 'cookie', origin, cookie },
      body: JSON.stringify(body),
    })
    const set = answer.headers.getSetCookie().find((one) => one.startsWith('auth_refresh=')) ?? ''
    const json = (await answer.json()) as { readonly tokens?: Readonly<Record<string, string>> }
    return { status: answer.status, cookie: set.split(';', 1)[0] ?? '', set, tokens: json.tokens }
  }

  async function logIn() {
    const { username, password } = await auth.signUp()
    return await post('login', '', { identifier: username, password })
  }

  test('logs in, refreshes and logs out, and never sees the token', async () => {
    const first = await logIn()
    assert.match(first.set, /^auth_refresh=ivrt1_[^;]+; Max-Age=\d{6,}; Path=\/; HttpOnly; SameSite=Strict$/)
    assert.equal(first.tokens?.refreshToken, '')
    const second = await post('refresh', first.cookie)
    assert.equal(second.status, 200)
    assert.notEqual(second.cookie, first.cookie)
    assert.equal(second.tokens?.sessionId, first.tokens?.sessionId)
    const out = await post('logout', second.cookie)
    assert.match(out.set, /^auth_refresh=; Max-Age=0;/)
    assert.equal((await post('refresh', second.cookie)).status, 401)
  })

  test('two tabs that refresh at once get the same successor, and the session goes on', async () => {
    const { cookie } = await logIn()
    const [one, other] = await Promise.all([post('refresh', cookie), post('refresh', cookie)])
    assert.deepEqual([one.status, other.status], [200, 200])
    assert.equal(one.cookie, other.cookie)
    assert.equal((await post('refresh', one.cookie)).status, 200)
  })
})
