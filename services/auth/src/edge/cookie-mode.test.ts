import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { AuthError } from '../domain/errors.ts'
import { type HandledCall, makeTestEdge } from './test/make-test-edge.ts'

const page = 'https://app.example'
const [name, inTheOpen] = ['__Host-auth_refresh', 'auth_refresh']
const inCookieMode = { 'x-auth-mode': 'cookie', origin: page }
const expiresAt = timestampFromMs(1_700_000_000_000 + 3_600_000)
const tokens = { accessToken: 'access', refreshToken: 'r2', tokenType: 'Bearer', refreshExpiresAt: expiresAt }

function open(answer: (call: HandledCall) => object = () => ({ tokens }), issuer?: string) {
  const web = { origins: [page], ...(issuer ? { issuer } : {}) }
  const edge = makeTestEdge(answer, undefined, web)
  const post = (path: string, headers: Record<string, string>, payload: object = {}) =>
    edge.app.inject({
      method: 'POST',
      url: `/v1/auth/${path}`,
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(payload),
    })
  /** The refresh token that the last request came to its handler with. */
  const getToken = () => {
    const call = edge.handled.pop()
    assert.ok(call && 'refreshToken' in call.request)
    return call.request.refreshToken
  }
  const getLogoutToken = () => {
    const call = edge.handled.pop()
    assert.ok(call && 'token' in call.request)
    return call.request.token as { readonly case?: string; readonly value?: string }
  }
  return { ...edge, post, getToken, getLogoutToken }
}

describe('cookie mode', () => {
  test('a login answers without the refresh token, which goes into a cookie that no script and no other site can use', async () => {
    const answer = await open().post('login', inCookieMode)
    const { accessToken, refreshToken } = answer.json().tokens
    assert.deepEqual([accessToken, refreshToken], ['access', ''])
    assert.doesNotMatch(answer.body, /r2/)
    assert.equal(
      answer.headers['set-cookie'],
      `${name}=r2; Max-Age=3600; Path=/; HttpOnly; SameSite=Strict; Secure`,
    )
  })

  test('a refresh takes the token from the cookie and sets the next', async () => {
    const { post, getToken } = open()
    const answer = await post('refresh', { ...inCookieMode, cookie: `a=b; ${name}=r1; c=d` })
    assert.equal(getToken(), 'r1')
    assert.match(String(answer.headers['set-cookie']), /^__Host-auth_refresh=r2; Max-Age=3600;/)
    assert.equal(answer.json().tokens.refreshToken, '')
  })

  test('a logout ends the session of the cookie and takes it away', async () => {
    const { post, getLogoutToken } = open(() => ({}))
    const answer = await post('logout', { ...inCookieMode, cookie: `${name}=r1` })
    assert.partialDeepStrictEqual(getLogoutToken(), { case: 'refreshToken', value: 'r1' })
    assert.match(String(answer.headers['set-cookie']), /^__Host-auth_refresh=; Max-Age=0; Path=\/;/)
  })

  test('a logout ends the session of the access token in its body, whatever the cookie says', async () => {
    const { post, getLogoutToken } = open(() => ({}))
    const headers = { ...inCookieMode, cookie: `${name}=r1` }
    const answer = await post('logout', headers, { accessToken: 'mina' })
    assert.equal(answer.statusCode, 200)
    assert.partialDeepStrictEqual(getLogoutToken(), { case: 'accessToken', value: 'mina' })
  })

  test('a logout without any token is as it would be without the cookie', async () => {
    const { post, getLogoutToken } = open(() => ({}))
    await post('logout', inCookieMode)
    assert.equal(getLogoutToken().case, undefined)
  })

  test('a login is asked for as it stands', async () => {
    const { post, handled } = open()
    await post('login', { ...inCookieMode, cookie: `${name}=r1` }, { identifier: 'mina', password: 'secret' })
    assert.partialDeepStrictEqual(handled[0]?.request, { identifier: 'mina', password: 'secret' })
  })

  test('a token that has ended takes its cookie with it', async () => {
    const ended = { ...tokens, refreshExpiresAt: timestampFromMs(1_699_999_999_000) }
    const answer = await open(() => ({ tokens: ended })).post('login', inCookieMode)
    assert.match(String(answer.headers['set-cookie']), /; Max-Age=0;/)
  })

  test('a logout without a cookie takes the bearer token, as always', async () => {
    const { post, getLogoutToken } = open(() => ({}))
    await post('logout', { ...inCookieMode, authorization: 'Bearer mina' })
    assert.partialDeepStrictEqual(getLogoutToken(), { case: 'accessToken', value: 'mina' })
  })

  test('a cookie without the header is as if it were not there, and no cookie is set', async () => {
    const { post, getToken } = open()
    for (const mode of [undefined, 'bearer']) {
      const headers = { origin: page, cookie: `${name}=r1`, ...(mode ? { 'x-auth-mode': mode } : {}) }
      const answer = await post('refresh', headers)
      assert.equal(getToken(), '')
      assert.equal(answer.headers['set-cookie'], undefined)
      assert.equal(answer.json().tokens.refreshToken, 'r2')
    }
  })

  test('an origin that is not listed, and none at all, are refused before anything is done', async () => {
    for (const path of ['login', 'refresh', 'logout']) {
      for (const origin of ['https://evil.example', 'null', undefined]) {
        const { post, handled } = open()
        const headers = { 'x-auth-mode': 'cookie', cookie: `${name}=r1`, ...(origin ? { origin } : {}) }
        const answer = await post(path, headers)
        assert.deepEqual([answer.statusCode, answer.json().reason], [403, 'CROSS_SITE_REQUEST'], path)
        assert.equal(answer.headers['set-cookie'], undefined)
        assert.equal(handled.length, 0)
      }
    }
  })

  test("the issuer's own pages need no list", async () => {
    const { post, handled } = open()
    const origin = 'https://auth.example'
    await post('refresh', { 'x-auth-mode': 'cookie', origin, cookie: `${name}=r1` })
    assert.equal(handled.length, 1)
  })

  test('a token in the body beside the cookie is refused', async () => {
    for (const path of ['refresh', 'logout']) {
      const { post, handled } = open()
      const headers = { ...inCookieMode, cookie: `${name}=r1` }
      const answer = await post(path, headers, { refreshToken: 'mine' })
      assert.deepEqual([answer.statusCode, answer.json().reason], [400, 'INVALID_FIELD'])
      assert.equal(answer.json().fieldViolations[0].field, 'refresh_token')
      assert.equal(handled.length, 0)
    }
  })

  test('two cookies of the name are none: one of them was planted', async () => {
    const { post, getToken } = open()
    await post('refresh', { ...inCookieMode, cookie: `${name}=r1; ${name}=planted` })
    assert.equal(getToken(), '')
  })

  test('a refusal leaves the cookie as it is: another tab may have logged in meanwhile', async () => {
    const { post } = open(() => {
      throw new AuthError('INVALID_REFRESH_TOKEN')
    })
    const answer = await post('refresh', { ...inCookieMode, cookie: `${name}=r1` })
    assert.deepEqual([answer.statusCode, answer.headers['set-cookie']], [401, undefined])
  })

  test('a mode that is none is refused, and other paths do not look at it', async () => {
    const { post } = open(() => ({}))
    const refused = await post('login', { 'x-auth-mode': 'cookies', origin: page })
    assert.equal(refused.statusCode, 400)
    assert.deepEqual(refused.json().fieldViolations, [
      { field: 'x-auth-mode', description: 'must be bearer or cookie' },
    ])
    assert.equal((await post('validate', { 'x-auth-mode': 'cookies' })).statusCode, 200)
  })

  test('in development, without https, the cookie has another name and is not marked Secure', async () => {
    const issuer = 'http://localhost:8080'
    const { post, getToken } = open(undefined, issuer)
    const headers = { 'x-auth-mode': 'cookie', origin: issuer, cookie: `${inTheOpen}=r1; ${name}=r0` }
    const answer = await post('refresh', headers)
    assert.equal(getToken(), 'r1')
    assert.equal(
      answer.headers['set-cookie'],
      `${inTheOpen}=r2; Max-Age=3600; Path=/; HttpOnly; SameSite=Strict`,
    )
  })
})
