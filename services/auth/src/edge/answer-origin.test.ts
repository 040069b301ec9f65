import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AuthError } from '../domain/errors.ts'
import { makeTestEdge, mina } from './test/make-test-edge.ts'

const app = 'https://app.example'
const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-auth-mode' }

function makeEdge(answer?: Parameters<typeof makeTestEdge>[0]) {
  return makeTestEdge(answer, undefined, { origins: [app, 'http://localhost:5173'] }).app
}

describe('pages of other origins (CORS)', () => {
  test('a listed origin gets its own name and credentials, on refusals as well', async () => {
    const edge = makeEdge(() => {
      throw new AuthError('INVALID_CREDENTIALS')
    })
    for (const url of ['/v1/auth/login', '/nowhere']) {
      const { headers } = await edge.inject({ method: 'POST', url, headers: { origin: app } })
      assert.equal(headers['access-control-allow-origin'], app, url)
      assert.equal(headers['access-control-allow-credentials'], 'true')
      assert.equal(headers.vary, 'origin')
    }
  })

  test('a preflight of a listed origin is answered without a handler', async () => {
    const answer = await makeEdge().inject({
      method: 'OPTIONS',
      url: `/v1/users/${mina}`,
      headers: { origin: app, ...preflight },
    })
    assert.equal(answer.statusCode, 204)
    assert.equal(answer.headers['access-control-allow-origin'], app)
    assert.match(String(answer.headers['access-control-allow-headers']), /x-auth-mode/)
    assert.doesNotMatch(JSON.stringify(answer.headers), /"\*"/)
    assert.equal(answer.body, '')
  })

  test('any other origin, also one that only looks alike, gets nothing, and its preflight is 405', async () => {
    const others = [
      'https://app.example.evil.example',
      'http://app.example',
      'https://APP.example',
      'null',
      '*',
    ]
    for (const origin of [...others, 'https://app.example:444', 'https://evil.example/https://app.example']) {
      const edge = makeEdge()
      const asked = await edge.inject({
        method: 'OPTIONS',
        url: '/v1/auth/login',
        headers: { origin, ...preflight },
      })
      assert.equal(asked.statusCode, 405, origin)
      const called = await edge.inject({ method: 'POST', url: '/v1/auth/login', headers: { origin } })
      for (const { headers } of [asked, called]) {
        assert.equal(headers['access-control-allow-origin'], undefined, origin)
        assert.equal(headers['access-control-allow-credentials'], undefined, origin)
        assert.equal(headers.vary, 'origin')
      }
    }
  })

  test('without a list nothing is said of origins', async () => {
    const { headers } = await makeTestEdge().app.inject({
      method: 'POST',
      url: '/v1/auth/login',
      headers: { origin: app },
    })
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers.vary, undefined)
  })
})

describe('what every answer tells browsers', () => {
  test('answers, refusals and unknown paths: no sniffing, no frame, no store, HSTS at an issuer with https', async () => {
    for (const url of ['/v1/auth/login', '/nowhere', '/v1/users/%ff']) {
      const { headers } = await makeEdge().inject({ method: 'POST', url })
      assert.equal(headers['x-content-type-options'], 'nosniff', url)
      assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'")
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
      assert.equal(headers['x-frame-options'], 'DENY')
      assert.equal(headers['cache-control'], 'no-store')
      assert.match(String(headers['strict-transport-security']), /^max-age=63072000/)
    }
  })

  test('no HSTS at an issuer without https', async () => {
    const { app: edge } = makeTestEdge(undefined, undefined, { issuer: 'http://localhost:8080' })
    const { headers } = await edge.inject({ method: 'POST', url: '/v1/auth/login' })
    assert.equal(headers['strict-transport-security'], undefined)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  })
})
