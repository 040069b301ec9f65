import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toJson } from '@bufbuild/protobuf'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import { AuthError } from '../domain/errors.ts'
import { toHttpRule } from './test/http-rule.ts'
import { type HttpParts, toRequest } from './to-request.ts'
import { type Route, toRoute } from './to-route.ts'

const { updateUser, getUser } = UserService.method
const { login, validateToken } = AuthService.method
const patch = toRoute(updateUser, toHttpRule('patch', '/v1/users/{user_id}', '*'))
const get = toRoute(getUser, toHttpRule('get', '/v1/users/{user_id}'))
const post = toRoute(login, toHttpRule('post', '/v1/auth/login', '*'))
const query = toRoute(validateToken, toHttpRule('get', '/v1/validate'))
const nested = toRoute(login, toHttpRule('get', '/v1/login'))

interface Parts {
  readonly id?: string
  readonly query?: string
  readonly body?: string | Uint8Array
}

function read(route: Route, { id, query = '', body = '' }: Parts) {
  const parts: HttpParts = {
    parameters: id === undefined ? {} : { p0: id },
    query,
    body: typeof body === 'string' ? Buffer.from(body) : body,
  }
  return toJson(route.method.input, toRequest(route, parts))
}

/** The violations with which the parts are refused, as `field: description`. */
function refuse(route: Route, parts: Parts): { reason: string; fields: string[] } {
  try {
    read(route, parts)
  } catch (error) {
    assert.ok(error instanceof AuthError)
    const fields = (error.details.fields ?? []).map(({ field, description }) => `${field}: ${description}`)
    return { reason: error.reason, fields }
  }
  assert.fail('it was not refused')
}

function assertMalformed(route: Route, parts: Parts, ...fields: string[]): void {
  assert.deepEqual(refuse(route, parts), { reason: 'MALFORMED_MESSAGE', fields })
}

test('body and path make the request; fields go by their JSON or their proto names', () => {
  const expected = { userId: 'u', displayName: 'Mina', expectedVersion: '3' }
  assert.deepEqual(read(patch, { id: 'u', body: '{"displayName":"Mina","expectedVersion":"3"}' }), expected)
  assert.deepEqual(read(patch, { id: 'u', body: '{"display_name":"Mina","expected_version":3}' }), expected)
})

test('no body is an empty message', () => {
  assert.deepEqual(read(patch, { id: 'u' }), { userId: 'u' })
})

test('the body may repeat the path and must not contradict it', () => {
  assert.deepEqual(read(patch, { id: 'u', body: '{"userId":"u"}' }), { userId: 'u' })
  assert.deepEqual(refuse(patch, { id: 'u', body: '{"user_id":"other"}' }), {
    reason: 'INVALID_FIELD',
    fields: ['user_id: must be what the path says'],
  })
})

test('the query sets the fields that are not in the path, by either name', () => {
  assert.deepEqual(read(get, { id: 'u', query: 'minVersion=7' }), { userId: 'u', minVersion: '7' })
  assert.deepEqual(read(get, { id: 'u', query: 'min_version=7&' }), { userId: 'u', minVersion: '7' })
})

test('a repeated field is a repeated parameter, a nested one is dotted', () => {
  assert.deepEqual(read(query, { query: 'required_roles=a&requiredRoles=b%20c+d&access_token=t' }), {
    requiredRoles: ['a', 'b c d'],
    accessToken: 't',
  })
  assert.deepEqual(read(nested, { query: 'client.client_id=web&client.deviceName=tab' }), {
    client: { clientId: 'web', deviceName: 'tab' },
  })
})

test('a parameter that is no field, is in the path, comes twice or is of another type is refused', () => {
  assertMalformed(get, { id: 'u', query: 'foo=1' }, 'foo: is not a query parameter')
  assertMalformed(get, { id: 'u', query: '__proto__=1' }, '__proto__: is not a query parameter')
  assertMalformed(get, { id: 'u', query: 'userId=u' }, 'userId: is in the path')
  assertMalformed(get, { id: 'u', query: 'min_version=1&minVersion=1' }, 'min_version: is set twice')
  assertMalformed(get, { id: 'u', query: 'min_version=x' }, 'min_version: must be of type int64')
  assertMalformed(get, { id: 'u', query: 'min_version' }, 'min_version: must be of type int64')
  assertMalformed(get, { id: 'u', query: 'min_version=%ff' }, 'query: must be percent-encoded UTF-8')
  assertMalformed(nested, { query: 'client=web' }, 'client: must be a JSON object')
  assertMalformed(post, { query: 'identifier=mina' }, 'identifier: is not a query parameter')
})

test('another member of the oneof that the path sets is refused', () => {
  assert.deepEqual(refuse(get, { id: 'u', query: 'username=mina' }), {
    reason: 'INVALID_FIELD',
    fields: ['username: must not be set beside user_id in the path'],
  })
})

test('a body where there is none is refused', () => {
  assertMalformed(get, { id: 'u', body: '{}' }, 'body: must be empty')
})

test('a body field takes the whole body, and cannot smuggle others', () => {
  const route = toRoute(login, toHttpRule('post', '/v1/login/{identifier}', 'client'))
  assert.deepEqual(read(route, { id: 'mina', body: '{"clientId":"web"}', query: 'password=x' }), {
    identifier: 'mina',
    client: { clientId: 'web' },
    password: 'x',
  })
  assertMalformed(route, { id: 'mina', body: '{}, "password": "x"' }, 'body: must be JSON')
  assertMalformed(
    route,
    { id: 'mina', query: 'client.client_id=web' },
    'client.client_id: is not a query parameter',
  )
})

test('faults are named by path and never quote a value', () => {
  const body = '{"password":12345678,"client":{"clientId":["s3cret"],"devicename":"x"},"identifer":"mina"}'
  assertMalformed(
    post,
    { body },
    'password: must be of type string',
    'client.client_id: must be of type string',
    'client.devicename: is not a field',
    'identifer: is not a field',
  )
})

test('names that repeat are refused, in whatever spelling', () => {
  assertMalformed(patch, { id: 'u', body: '{"email":"a","email":"b"}' }, 'body: must not repeat a name')
  assertMalformed(patch, { id: 'u', body: '{"email":"a","\\u0065mail":"b"}' }, 'body: must not repeat a name')
  assertMalformed(
    patch,
    { id: 'u', body: '{"displayName":"a","display_name":"b"}' },
    'display_name: is set twice',
  )
  const logout = toRoute(AuthService.method.logout, toHttpRule('post', '/v1/auth/logout', '*'))
  assertMalformed(
    logout,
    { body: '{"accessToken":"a","refreshToken":"b"}' },
    'refresh_token: only one of access_token, refresh_token may be set',
  )
})

test('what is not a JSON object in UTF-8 is refused', () => {
  assertMalformed(post, { body: '{' }, 'body: must be JSON')
  assertMalformed(post, { body: '\ufeff{}' }, 'body: must be JSON')
  assertMalformed(post, { body: Uint8Array.of(0x7b, 0xff, 0x7d) }, 'body: must be UTF-8')
  for (const body of ['null', '[]', '"x"', '7'])
    assertMalformed(post, { body }, 'body: must be a JSON object')
  assertMalformed(post, { body: '{"identifier":"\\ud800"}' }, 'identifier: must be of type string')
  assertMalformed(post, { body: `${'['.repeat(30_000)}${']'.repeat(30_000)}` }, 'body: must be a JSON object')
})

test('prototypes are out of reach', () => {
  assertMalformed(post, { body: '{"__proto__":{"identifier":"x"}}' }, '__proto__: is not a field')
  assertMalformed(post, { body: '{"constructor":{"prototype":{}}}' }, 'constructor: is not a field')
  assert.equal(({} as { identifier?: string }).identifier, undefined)
})

test('enum values go by name; unknown names are refused with the known ones', () => {
  assert.deepEqual(read(patch, { id: 'u', body: '{"status":"USER_STATUS_ACTIVE"}' }), {
    userId: 'u',
    status: 'USER_STATUS_ACTIVE',
  })
  assertMalformed(
    patch,
    { id: 'u', body: '{"status":"ACTIVE"}' },
    'status: must be one of USER_STATUS_UNSPECIFIED, USER_STATUS_ACTIVE, USER_STATUS_SUSPENDED',
  )
})
