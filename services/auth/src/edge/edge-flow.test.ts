import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { openTestAuth, type TestAuth, toUniqueName } from '../../test/open-test-auth.ts'
import { makeAuthService } from '../rpc/auth-service.ts'
import { makeUserService } from '../rpc/user-service.ts'
import type { HttpListener } from './listen.ts'
import { makeMetrics } from './metrics.ts'
import { openEdge } from './open-edge.ts'
import { makeTestLog, testLimits } from './test/make-test-edge.ts'

const password = 'correct horse battery staple'

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

/** What any of the answers may hold. */
interface Body {
  readonly user: {
    readonly id: string
    readonly username: string
    readonly displayName: string
    readonly version: string
  }
  readonly tokens: { readonly accessToken: string; readonly refreshToken: string }
  readonly valid: boolean
  readonly reason: string
  readonly principal: { readonly userId: string }
  readonly metadata: Readonly<Record<string, string>>
}

describe('a person over the edge', () => {
  let auth: TestAuth
  let edge: HttpListener

  before(async () => {
    auth = await openTestAuth()
    edge = await openEdge({
      deps: auth.deps,
      services: [
        [AuthService, makeAuthService(auth.deps)],
        [UserService, makeUserService(auth.deps)],
      ],
      logger: makeTestLog([]),
      metrics: makeMetrics(),
      limits: testLimits,
      origins: [],
      onRefused: () => undefined,
      listen: { host: '127.0.0.1', port: 0 },
    })
  })
  after(async () => {
    await edge.close(500)
    await auth.close()
  })

  async function call(line: string, options: { token?: string; body?: object } = {}): Promise<Answer> {
    const [method = '', path] = line.split(' ')
    const answer = await fetch(`${edge.address}${path}`, {
      method,
      headers: {
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    })
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Body }
  }

  async function signUp() {
    const username = toUniqueName()
    const created = await call('POST /v1/users', {
      body: { username, email: `${username}@example.org`, password },
    })
    assert.equal(created.status, 200, JSON.stringify(created.body))
    const { status, body } = await call('POST /v1/auth/login', { body: { identifier: username, password } })
    assert.equal(status, 200)
    return { username, id: created.body.user.id, tokens: body.tokens, user: body.user }
  }

  test('signs up, logs in, reads themself, refreshes, validates, logs out; then the token is REVOKED', async () => {
    const { username, id, tokens, user } = await signUp()
    assert.equal(user.version, '1')
    const me = await call(`GET /v1/users/${id}`, { token: tokens.accessToken })
    assert.equal(me.status, 200)
    assert.equal(me.body.user.username, username)
    assert.equal(me.headers.get('cache-control'), 'no-store')
    const refreshed = await call('POST /v1/auth/refresh', { body: { refreshToken: tokens.refreshToken } })
    assert.equal(refreshed.status, 200)
    const { accessToken } = refreshed.body.tokens
    const validated = await call('POST /v1/auth/validate', { body: { accessToken } })
    assert.equal(validated.body.valid, true)
    assert.equal(validated.body.reason, 'VALIDATION_REASON_UNSPECIFIED')
    assert.equal(validated.body.principal.userId, id)
    const loggedOut = await call('POST /v1/auth/logout', { token: accessToken })
    assert.equal(loggedOut.status, 200)
    for (const token of [accessToken, tokens.accessToken]) {
      const { body } = await call('POST /v1/auth/validate', { body: { accessToken: token } })
      assert.equal(body.valid, false)
      assert.equal(body.reason, 'VALIDATION_REASON_REVOKED')
      const refused = await call(`GET /v1/users/${id}`, { token })
      assert.equal(refused.status, 401)
      assert.deepEqual(refused.body.metadata, { validation_reason: 'REVOKED' })
    }
  })

  test('is refused another’s account, and what people may not change of their own', async () => {
    const [mina, jun] = await Promise.all([signUp(), signUp()])
    const token = mina.tokens.accessToken
    for (const line of [
      `GET /v1/users/${jun.id}`,
      `DELETE /v1/users/${jun.id}`,
      `PATCH /v1/users/${jun.id}`,
    ]) {
      const { status, body } = await call(line, { token })
      assert.equal(status, 403)
      assert.equal(body.reason, 'NOT_SELF')
    }
    const promoted = await call(`PATCH /v1/users/${mina.id}`, {
      token,
      body: { roles: { roles: ['admin'] } },
    })
    assert.equal(promoted.status, 403)
    assert.equal(promoted.body.reason, 'FIELD_NOT_ALLOWED')
    const renamed = await call(`PATCH /v1/users/${mina.id}`, { token, body: { displayName: '미나' } })
    assert.equal(renamed.body.user.displayName, '미나')
    assert.equal(renamed.body.user.version, '2')
  })

  test('changes the password, which ends the token, and deletes the account, which ends the login', async () => {
    const { id, username, tokens } = await signUp()
    const newPassword = 'another battery staple'
    const changed = await call(`POST /v1/users/${id}/password`, {
      token: tokens.accessToken,
      body: { currentPassword: password, newPassword },
    })
    assert.equal(changed.status, 200)
    assert.equal((await call(`GET /v1/users/${id}`, { token: tokens.accessToken })).status, 401)
    const login = { identifier: username, password: newPassword }
    const again = await call('POST /v1/auth/login', { body: login })
    const token = again.body.tokens.accessToken
    assert.equal((await call(`DELETE /v1/users/${id}`, { token })).status, 200)
    const gone = await call(`GET /v1/users/${id}`, { token })
    assert.deepEqual(gone.body.metadata, { validation_reason: 'USER_DELETED' })
    const refused = await call('POST /v1/auth/login', { body: login })
    assert.equal(refused.status, 401)
    assert.equal(refused.body.reason, 'INVALID_CREDENTIALS')
  })

  test('has tokens that the published keys verify', async () => {
    const { tokens, id } = await signUp()
    const { body } = await call('GET /.well-known/jwks.json')
    const keys = createLocalJWKSet(body as unknown as JSONWebKeySet)
    const { payload } = await jwtVerify(tokens.accessToken, keys, { typ: 'at+jwt' })
    assert.equal(payload.sub, id)
  })
})
