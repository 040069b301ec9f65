import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { BeginPlatformConnectionResponseSchema, LoginResponseSchema } from '@immersiverse/auth-contract'
import { endStateCookie, findStateCookie, hasStateCookie } from './state-cookie.ts'

const now = new Date(1_700_000_000_000)
const begun = create(BeginPlatformConnectionResponseSchema, {
  state: 'a state',
  expiresAt: timestampFromMs(now.getTime() + 600_000),
})
const secure = 'https://auth.example'

test('with TLS no other host and no script can touch the cookie', () => {
  const cookie = findStateCookie(begun, secure, now) ?? ''
  assert.match(
    cookie,
    /^__Host-platform-[0-9a-f]{32}=1; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
  )
  assert.ok(!cookie.includes('a state'))
})

test('it is found among others, for its own state only', () => {
  const [pair = ''] = (findStateCookie(begun, secure, now) ?? '').split(';')
  assert.equal(hasStateCookie(`x=1; ${pair}; y=2`, 'a state', secure), true)
  assert.equal(hasStateCookie(pair, 'another state', secure), false)
  assert.equal(hasStateCookie(undefined, 'a state', secure), false)
  // One that a sibling domain could have set.
  assert.equal(hasStateCookie(pair.replace('__Host-', ''), 'a state', secure), false)
})

test('it is taken away, and no other answer sets one', () => {
  assert.match(endStateCookie('a state', secure), /^__Host-platform-[0-9a-f]{32}=; Path=\/; Max-Age=0;/)
  assert.equal(findStateCookie(create(LoginResponseSchema, {}), secure, now), undefined)
})
