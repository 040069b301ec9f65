import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, isMessage } from '@bufbuild/protobuf'
import {
  LoginRequestSchema,
  LoginResponseSchema,
  RefreshTokenResponseSchema,
} from '@immersiverse/auth-contract'
import { findDeviceCookie, withDeviceCookie } from './device-cookie.ts'

const request = create(LoginRequestSchema, { identifier: 'mina', client: { clientId: 'web' } })

function read(cookies: string | undefined, of = request) {
  const read = withDeviceCookie(of, cookies)
  assert.ok(isMessage(read, LoginRequestSchema))
  return read
}

test('the cookie of a device serves as its token', () => {
  const { identifier, client } = read('theme=dark; auth_device=abc.d-_1; x=y')
  assert.deepEqual([identifier, client?.clientId, client?.deviceToken], ['mina', 'web', 'abc.d-_1'])
})

test('the token of the request goes before the cookie', () => {
  const own = create(LoginRequestSchema, { client: { deviceToken: 'own' } })
  assert.equal(read('auth_device=other', own).client?.deviceToken, 'own')
})

test('a cookie that cannot be a token is as if it were not there', () => {
  for (const cookies of [
    undefined,
    '',
    'auth_device=',
    `auth_device=${'x'.repeat(257)}`,
    'auth_device=a"b',
    'xauth_device=a',
  ]) {
    assert.equal(read(cookies), request)
  }
})

test('a login sets the cookie for logins of this origin alone, out of scripts’ reach', () => {
  const answer = create(LoginResponseSchema, { tokens: { deviceToken: 'abc' } })
  const plain = 'auth_device=abc; Max-Age=31536000; Path=/v1/auth/login; HttpOnly; SameSite=Strict'
  assert.equal(findDeviceCookie(answer, 'http://localhost:8080'), plain)
  assert.equal(findDeviceCookie(answer, 'https://auth.example'), `${plain}; Secure`)
})

test('no other answer sets a cookie', () => {
  assert.equal(
    findDeviceCookie(create(RefreshTokenResponseSchema, { tokens: { deviceToken: 'abc' } }), ''),
    undefined,
  )
  assert.equal(findDeviceCookie(create(LoginResponseSchema, {}), ''), undefined)
})
