import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AuthService, UserService, UserStatus } from '@immersiverse/auth-contract'
import { AuthError } from '../domain/errors.ts'
import { listRoutes } from './list-routes.ts'
import { jun, makeTestEdge, mina } from './test/make-test-edge.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('routes', () => {
  for (const route of listRoutes([AuthService, UserService])) {
    test(`${route.verb} ${route.url} reaches ${route.method.name}`, async () => {
      const { app, handled } = makeTestEdge()
      const url = route.url.replace(':p0', mina).replaceAll('::', ':')
      const answer = await app.inject({ method: route.verb, url, headers: bearer('mina') })
      assert.equal(answer.statusCode, 200, answer.body)
      assert.equal(answer.headers['content-type'], 'application/json')
      assert.deepEqual(
        handled.map(({ method }) => method),
        [route.method.localName],
      )
    })
  }

  test('an unknown path is 404, before its body is looked at', async () => {
    const { app } = makeTestEdge()
    for (const url of ['/', '/v1/users/', '/v1/users/a/b', '/v1/auth/login/', '/V1/users', '//v1/users']) {
      const answer = await app.inject({ method: 'POST', url, payload: 'x'.repeat(100_000) })
      assert.equal(answer.statusCode, 404, url)
      assert.equal(answer.json().reason, 'ROUTE_NOT_FOUND')
    }
  })

  test('a known path with another method is 405 and says which are allowed', async () => {
    const { app } = makeTestEdge()
    const login = await app.inject({ method: 'GET', url: '/v1/auth/login' })
    assert.equal(login.statusCode, 405)
    assert.equal(login.headers.allow, 'POST')
    const user = await app.inject({ method: 'PUT', url: `/v1/users/${mina}`, payload: 'x' })
    assert.equal(user.statusCode, 405)
    assert.equal(user.headers.allow, 'DELETE, GET, HEAD, PATCH')
    assert.equal(user.json().code, 'NOT_FOUND')
    assert.equal((await app.inject({ method: 'OPTIONS', url: '/v1/users' })).statusCode, 405)
    assert.equal(
      (await app.inject({ method: 'POST', url: '/.well-known/jwks.json' })).headers.allow,
      'GET, HEAD',
    )
  })

  test('a path that does not decode is 400', async () => {
    const { app, lines } = makeTestEdge()
    const answer = await app.inject({ method: 'GET', url: '/v1/users/%ff' })
    assert.equal(answer.statusCode, 400)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.json().reason, 'MALFORMED_MESSAGE')
    assert.equal(answer.headers['x-request-id'], lines[0]?.facts.requestId)
  })
})

describe('answers', () => {
  test('are proto3 JSON in lowerCamelCase, empty fields included, 64-bit numbers as text, enums by name', async () => {
    const user = { id: mina, displayName: 'Mina', status: UserStatus.ACTIVE, version: 9007199254740993n }
    const { app } = makeTestEdge(() => ({ user }))
    const answer = await app.inject({ method: 'GET', url: `/v1/users/${mina}`, headers: bearer('mina') })
    const body = answer.json()
    assert.deepEqual(body.user, {
      id: mina,
      username: '',
      email: '',
      displayName: 'Mina',
      status: 'USER_STATUS_ACTIVE',
      roles: [],
      subscriptionTier: '',
      version: '9007199254740993',
    })
  })

  test('say that they are not to be kept or sniffed, and carry the request’s id', async () => {
    const { app } = makeTestEdge()
    const first = await app.inject({
      method: 'POST',
      url: '/v1/auth/login',
      headers: { 'x-request-id': 'mine' },
    })
    assert.equal(first.headers['cache-control'], 'no-store')
    assert.equal(first.headers['x-content-type-options'], 'nosniff')
    assert.equal(first.headers['x-request-id'], 'request-1')
    const refused = await app.inject({ method: 'GET', url: '/nowhere' })
    assert.equal(refused.headers['x-request-id'], 'request-2')
    assert.equal(refused.headers['cache-control'], 'no-store')
  })

  test('a fault has a fixed text; the log has its cause and nothing that the driver hung on it', async () => {
    const { app, lines } = makeTestEdge(() => {
      throw Object.assign(new Error('column does not exist'), { params: ['hunter2'] })
    })
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/auth/login',
      payload: { password: 'hunter2' },
    })
    assert.equal(answer.statusCode, 500)
    assert.equal(answer.json().detail, 'internal error')
    const [line] = lines
    assert.equal(line?.level, 'error')
    assert.match(JSON.stringify(line?.facts), /column does not exist/)
    assert.doesNotMatch(JSON.stringify(lines), /hunter2/)
  })

  test('are SHUTTING_DOWN on open connections once the edge closes', async () => {
    const { app, handled } = makeTestEdge(() => ({}), { isClosing: true })
    const answer = await app.inject({ method: 'POST', url: '/v1/auth/login' })
    assert.equal(answer.statusCode, 503)
    assert.equal(answer.json().reason, 'SHUTTING_DOWN')
    assert.equal(answer.headers['retry-after'], '1')
    assert.deepEqual(handled, [])
  })

  test('a HEAD answers as GET does, without its body', async () => {
    const { app } = makeTestEdge()
    const answer = await app.inject({ method: 'HEAD', url: `/v1/users/${mina}`, headers: bearer('mina') })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.body, '')
    const refused = await app.inject({ method: 'HEAD', url: `/v1/users/${mina}` })
    assert.equal(refused.statusCode, 401)
  })
})

describe('the log and the metrics', () => {
  test('have one line for a refused call, with the token’s id and never the token', async () => {
    const { app, lines } = makeTestEdge()
    await app.inject({ method: 'GET', url: `/v1/users/${jun}?min_version=x`, headers: bearer('mina') })
    assert.equal(lines.length, 1)
    const [line] = lines
    assert.equal(line?.level, 'warn')
    assert.deepEqual(line?.facts, {
      transport: 'edge',
      method: 'auth.v1.UserService/GetUser',
      code: 'PERMISSION_DENIED',
      reason: 'NOT_SELF',
      status: 403,
      caller: 'user',
      ip: '127.0.0.1',
      requestId: 'request-1',
      userId: mina,
      tokenId: 'mina',
    })
  })

  test('have no line for a call that is answered, and count every call', async () => {
    const { app, lines, metrics } = makeTestEdge(({ method }) => {
      if (method === 'login') throw new AuthError('INVALID_CREDENTIALS')
      return {}
    })
    await app.inject({ method: 'POST', url: '/v1/auth/refresh' })
    assert.deepEqual(lines, [])
    await app.inject({ method: 'POST', url: '/v1/auth/login' })
    await app.inject({ method: 'GET', url: '/nowhere' })
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['info', 'info'],
    )
    const text = await metrics.registry.metrics()
    assert.match(text, /method="auth\.v1\.AuthService\/RefreshToken",code="OK",reason=""\} 1/)
    assert.match(text, /Login",code="UNAUTHENTICATED",reason="INVALID_CREDENTIALS"\} 1/)
    assert.match(text, /method="unmatched",code="NOT_FOUND",reason="ROUTE_NOT_FOUND"\} 1/)
  })
})
