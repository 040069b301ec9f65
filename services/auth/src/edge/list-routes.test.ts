import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clearExtension,
  create,
  createFileRegistry,
  type DescService,
  fromBinary,
  setExtension,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema, type MethodOptions, MethodOptionsSchema } from '@bufbuild/protobuf/wkt'
import {
  AuthService,
  EdgeAccess,
  EdgeOthers,
  edge_access,
  edge_others,
  fileDescriptorSet,
  http,
  UserService,
} from '@immersiverse/auth-contract'
import { listRoutes } from './list-routes.ts'
import { listUnmarkedMethods } from './list-unmarked-methods.ts'
import { toHttpRule } from './test/http-rule.ts'

/** A service of the contract with the options of one method changed. */
function change(service: DescService, name: string, edit: (options: MethodOptions) => void): DescService {
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(fileDescriptorSet, 'base64'))
  const methods = set.file.flatMap((file) => file.service.flatMap(({ method }) => method))
  const method = methods.find((one) => one.name === name)
  assert.ok(method)
  method.options ??= create(MethodOptionsSchema)
  edit(method.options)
  const changed = createFileRegistry(set).getService(service.typeName)
  assert.ok(changed)
  return changed
}

test('every method with a path is a route, with its access', () => {
  const routes = listRoutes([AuthService, UserService])
  const lines = routes.map(
    ({ verb, url, access, others, method }) => `${verb} ${url} ${access} ${others} ${method.name}`,
  )
  assert.deepEqual(
    lines.filter((line) =>
      / (Login|Logout|RefreshToken|ValidateToken|.*User|ChangePassword|.*Sessions?)$/.test(line),
    ),
    [
      'POST /v1/auth/login anon nobody Login',
      'POST /v1/auth/logout anon nobody Logout',
      'POST /v1/auth/refresh anon nobody RefreshToken',
      'POST /v1/auth/validate anon nobody ValidateToken',
      'GET /v1/users/:p0/sessions self viewer ListSessions',
      'DELETE /v1/users/:p0/sessions/:p1 self operator RevokeSession',
      'POST /v1/users anon nobody CreateUser',
      'GET /v1/users/:p0 self viewer GetUser',
      'PATCH /v1/users/:p0 self operator UpdateUser',
      'POST /v1/users/:p0/password self nobody ChangePassword',
      'DELETE /v1/users/:p0 self operator DeleteUser',
    ],
  )
})

test('a method with a path and without a mark is listed, and does not start the service', () => {
  assert.deepEqual(listUnmarkedMethods([AuthService, UserService]), [])
  const service = change(UserService, 'GetUser', (options) => clearExtension(options, edge_access))
  assert.deepEqual(listUnmarkedMethods([AuthService, service]), ['auth.v1.UserService/GetUser'])
  assert.throws(
    () => listRoutes([service]),
    /auth\.v1\.UserService\/GetUser has a path and no mark that says who may call it/,
  )
})

test('a self route that does not say who else may call it is listed, and does not start the service', () => {
  const service = change(UserService, 'GetUser', (options) => clearExtension(options, edge_others))
  assert.deepEqual(listUnmarkedMethods([service]), ['auth.v1.UserService/GetUser'])
  assert.throws(() => listRoutes([service]), /GetUser has a path and no mark/)
})

test('a self route whose path does not name the user does not start the service', () => {
  const service = change(AuthService, 'Login', (options) => {
    setExtension(options, edge_access, EdgeAccess.SELF)
    setExtension(options, edge_others, EdgeOthers.NOBODY)
  })
  assert.throws(
    () => listRoutes([service]),
    /Login is for the user's own token and its path has no \{user_id\}/,
  )
})

test('a stream with a path does not start the service', () => {
  const service = change(AuthService, 'ValidateTokens', (options) => {
    setExtension(options, http, toHttpRule('post', '/v1/auth/validate-many', '*'))
    setExtension(options, edge_access, EdgeAccess.ANON)
  })
  assert.throws(() => listRoutes([service]), /ValidateTokens is a stream and has a path/)
})

test('additional bindings are routes of their own', () => {
  const service = change(AuthService, 'Login', (options) => {
    const additionalBindings = [toHttpRule('post', '/v2/login', '*')]
    setExtension(options, http, { ...toHttpRule('post', '/v1/auth/login', '*'), additionalBindings })
  })
  const urls = listRoutes([service]).filter(({ method }) => method.name === 'Login')
  assert.deepEqual(
    urls.map(({ url }) => url),
    ['/v1/auth/login', '/v2/login'],
  )
})
