import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AuthService, UserService, UserStatus } from '@immersiverse/auth-contract'
import { AuthError } from '../domain/errors.ts'
import { listRoutes } from './list-routes.ts'
import { jun, makeTestEdge, mina } from './test/make-test-edge.ts'

const json = { 'content-type': 'application/json' }
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

describe('who may call', () => {
  const get = (token?: string, id = mina) => {
    const edge = makeTestEdge()
    const headers = token === undefined ? {} : bearer(token)
    return edge.app
      .inject({ method: 'GET', url: `/v1/users/${id}`, headers })
      .then((answer) => ({ ...edge, answer }))
  }

  test('the token’s user is the caller', async () => {
    const { handled, answer } = await get('mina', mina.toUpperCase())
    assert.equal(answer.statusCode, 200)
    const caller = handled[0]?.caller
    assert.ok(caller?.kind === 'user')
    assert.equal(caller.userId, mina)
    assert.equal(caller.origin.ip, '127.0.0.1')
  })

  test('without a token it is 401 and the challenge has no error', async () => {
    const { handled, answer } = await get()
    assert.equal(answer.statusCode, 401)
    assert.equal(answer.json().reason, 'MISSING_ACCESS_TOKEN')
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="auth.immersiverse"')
    assert.deepEqual(handled, [])
  })

  for (const [token, reason] of [
    ['nonsense', 'MALFORMED'],
    ['expired', 'EXPIRED'],
    ['revoked', 'REVOKED'],
    ['two tokens', 'MALFORMED'],
  ] as const) {
    test(`${JSON.stringify(token)} is 401 ${reason}`, async () => {
      const { handled, answer } = await get(token)
      assert.equal(answer.statusCode, 401)
      assert.equal(answer.json().reason, 'INVALID_ACCESS_TOKEN')
      assert.deepEqual(answer.json().metadata, { validation_reason: reason })
      assert.match(String(answer.headers['www-authenticate']), /error="invalid_token"/)
      assert.deepEqual(handled, [])
    })
  }

  test('an outage is 503 and never the token’s fault', async () => {
    const { answer } = await get('outage')
    assert.equal(answer.statusCode, 503)
    assert.equal(answer.json().reason, 'DATABASE_UNAVAILABLE')
    assert.equal(answer.headers['retry-after'], '1')
    assert.equal(answer.headers['www-authenticate'], undefined)
  })

  test('another user’s path is 403, before the body is looked at', async () => {
    for (const id of [jun, 'me', '%00']) {
      const { app, handled } = makeTestEdge()
      const answer = await app.inject({
        method: 'PATCH',
        url: `/v1/users/${id}`,
        headers: { ...bearer('mina'), ...json },
        payload: '{"nonsense":',
      })
      assert.equal(answer.statusCode, 403)
      assert.equal(answer.json().reason, 'NOT_SELF')
      assert.deepEqual(handled, [])
    }
  })

  test('a bearer header on an anonymous route is not judged', async () => {
    const { app, handled } = makeTestEdge()
    const answer = await app.inject({ method: 'POST', url: '/v1/auth/login', headers: bearer('nonsense') })
    assert.equal(answer.statusCode, 200)
    assert.equal(handled[0]?.caller.kind, 'anonymous')
  })
})

describe('Logout', () => {
  const logOut = async (payload: object, token = 'mina') => {
    const { app, handled } = makeTestEdge()
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/auth/logout',
      headers: bearer(token),
      payload,
    })
    return {
      answer,
      request: handled[0]?.request as { token?: { case: string; value: string }; allSessions?: boolean },
    }
  }

  test('takes the bearer header’s token where the body has none', async () => {
    const { request } = await logOut({ allSessions: true })
    assert.deepEqual(request.token, { case: 'accessToken', value: 'mina' })
    assert.equal(request.allSessions, true)
    assert.deepEqual((await logOut({ accessToken: '' })).request.token, {
      case: 'accessToken',
      value: 'mina',
    })
  })

  test('takes the body’s token first', async () => {
    const { request } = await logOut({ refreshToken: 'r' }, 'two tokens')
    assert.deepEqual(request.token, { case: 'refreshToken', value: 'r' })
  })

  test('refuses a bearer header that holds no token', async () => {
    const { answer } = await logOut({}, 'two tokens')
    assert.equal(answer.json().reason, 'INVALID_ACCESS_TOKEN')
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

describe('bodies', () => {
  const post = (payload: string | Buffer, headers: Record<string, string>) =>
    makeTestEdge().app.inject({ method: 'POST', url: '/v1/auth/login', headers, payload })

  test('are JSON in UTF-8 and say so', async () => {
    assert.equal((await post('{}', json)).statusCode, 200)
    assert.equal((await post('{}', { 'content-type': 'Application/JSON; Charset="UTF-8"' })).statusCode, 200)
    for (const type of [
      'text/plain',
      'application/json; charset=utf-16',
      'application/jsonx',
      'x',
      'a b/c',
    ]) {
      const answer = await post('{}', { 'content-type': type })
      assert.equal(answer.statusCode, 415, type)
      assert.equal(answer.headers.accept, 'application/json')
      assert.equal(answer.json().reason, 'MALFORMED_MESSAGE')
    }
    assert.equal((await post('{}', { ...json, 'content-encoding': 'gzip' })).statusCode, 415)
  })

  test('may be empty, whatever their type', async () => {
    assert.equal((await post('', json)).statusCode, 200)
    assert.equal((await post('', { 'content-type': 'application/x-www-form-urlencoded' })).statusCode, 200)
  })

  test('have at most 64 KiB', async () => {
    const fit = `{}${' '.repeat(64 * 1024 - 2)}`
    assert.equal((await post(fit, json)).statusCode, 200)
    const answer = await post(`${fit} `, json)
    assert.equal(answer.statusCode, 413)
    assert.equal(answer.json().reason, 'MESSAGE_TOO_LARGE')
  })

  test('are refused on GET', async () => {
    const { app } = makeTestEdge()
    const url = `/v1/users/${mina}`
    const headers = { ...bearer('mina'), ...json }
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await app.inject({ method, url, headers, payload: '{}' })
      assert.equal(answer.statusCode, 400, method)
      assert.deepEqual(answer.json().fieldViolations, [{ field: 'body', description: 'must be empty' }])
    }
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

describe('the signing keys', () => {
  test('may be kept as long as the settings say, and are asked for again by their tag', async () => {
    const { app } = makeTestEdge()
    const url = '/.well-known/jwks.json'
    const answer = await app.inject({ method: 'GET', url })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.body, '{"keys":[]}')
    assert.equal(answer.headers['content-type'], 'application/jwk-set+json')
    assert.equal(answer.headers['cache-control'], 'public, max-age=300')
    const etag = String(answer.headers.etag)
    const again = await app.inject({ method: 'GET', url, headers: { 'if-none-match': `"x", W/${etag}` } })
    assert.equal(again.statusCode, 304)
    assert.equal(again.body, '')
    assert.equal(again.headers.etag, etag)
    const other = await app.inject({ method: 'GET', url, headers: { 'if-none-match': '"x"' } })
    assert.equal(other.statusCode, 200)
  })
})
