import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AuthService, HttpRuleSchema, UserService } from '@immersiverse/auth-contract'
import fastify from 'fastify'
import { toHttpRule } from './test/http-rule.ts'
import { findVariable, type Route, toRoute } from './to-route.ts'

const { changePassword, getUser } = UserService.method
const { login } = AuthService.method

/** The parameters with which the router finds the route, or undefined where it does not. */
async function match(routes: readonly Route[], path: string): Promise<object | undefined> {
  const app = fastify()
  for (const { verb, url } of routes) {
    app.route({ method: verb, url, handler: async (request) => ({ url, ...(request.params as object) }) })
  }
  const [first] = routes
  const answer = await app.inject({ method: first?.verb ?? 'GET', url: path })
  return answer.statusCode === 200 ? answer.json() : undefined
}

test('a variable is a router parameter and names the field it sets', async () => {
  const route = toRoute(getUser, toHttpRule('get', '/v1/users/{user_id}'))
  assert.equal(route.verb, 'GET')
  assert.equal(route.url, '/v1/users/:p0')
  assert.equal(route.body, undefined)
  assert.equal(findVariable(route, 'user_id')?.parameter, 'p0')
  assert.equal(findVariable(route, 'username'), undefined)
  assert.deepEqual(await match([route], '/v1/users/a%2Fb'), { url: route.url, p0: 'a/b' })
  assert.equal(await match([route], '/v1/users/a/b'), undefined)
})

test('a variable may name a nested field, and "=*" is what it means anyway', () => {
  const route = toRoute(login, toHttpRule('post', '/v1/clients/{client.client_id=*}/login', '*'))
  assert.equal(route.url, '/v1/clients/:p0/login')
  assert.deepEqual(
    route.variables[0]?.path.map(({ name }) => name),
    ['client', 'client_id'],
  )
})

test('a custom verb after a literal is told from the path without it', async () => {
  const begin = toRoute(
    changePassword,
    toHttpRule('post', '/v1/users/{user_id}/platform-accounts:begin', '*'),
  )
  const connect = toRoute(changePassword, toHttpRule('post', '/v1/users/{user_id}/platform-accounts', '*'))
  const found = await match([begin, connect], '/v1/users/7/platform-accounts:begin')
  assert.deepEqual(found, { url: begin.url, p0: '7' })
  const other = await match([begin, connect], '/v1/users/7/platform-accounts')
  assert.deepEqual(other, { url: connect.url, p0: '7' })
  assert.equal(await match([begin, connect], '/v1/users/7/platform-accounts:end'), undefined)
})

test('a custom verb after a variable is not part of its value', async () => {
  const route = toRoute(login, toHttpRule('post', '/v1/auth/platforms/{identifier}:login', '*'))
  assert.deepEqual(await match([route], '/v1/auth/platforms/twitch:login'), { url: route.url, p0: 'twitch' })
  for (const path of ['twitch', 'twitch:logout', ':login', 'a:b:login', 'twitch:login/x']) {
    assert.equal(await match([route], `/v1/auth/platforms/${path}`), undefined, path)
  }
})

test('the body is the request, one field of it, or nothing', () => {
  assert.equal(toRoute(login, toHttpRule('post', '/v1/a', '*')).body, 'request')
  const { body } = toRoute(login, toHttpRule('post', '/v1/a', 'client'))
  assert.ok(typeof body === 'object' && body.name === 'client')
  assert.equal(toRoute(login, toHttpRule('delete', '/v1/a')).body, undefined)
})

for (const [why, rule] of [
  ['an unknown field in the path', toHttpRule('get', '/v1/users/{nobody}')],
  ['a message in the path', toHttpRule('get', '/v1/users/{client}')],
  ['several segments in one variable', toHttpRule('get', '/v1/{identifier=users/*}')],
  ['a wildcard', toHttpRule('get', '/v1/**')],
  ['a relative path', toHttpRule('get', 'v1/users')],
  ['an unknown body field', toHttpRule('post', '/v1/users', 'nobody')],
  ['no pattern', create(HttpRuleSchema, {})],
  [
    'a response body',
    create(HttpRuleSchema, { pattern: { case: 'get', value: '/v1/a' }, responseBody: 'user' }),
  ],
] as const) {
  test(`a rule with ${why} does not start the service`, () => {
    assert.throws(() => toRoute(login, rule), /^Error: auth\.v1\.AuthService\/Login: /)
  })
}
