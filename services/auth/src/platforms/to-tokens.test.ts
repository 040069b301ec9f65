import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownPlatforms } from './known-platforms.ts'
import { PlatformError } from './platform-error.ts'
import type { PlatformFacts } from './platform-facts.ts'
import { toTokens } from './to-tokens.ts'

const twitch = knownPlatforms.get('twitch') as PlatformFacts
const read = (answer: object) => toTokens(twitch, { access_token: 'a', token_type: 'bearer', ...answer })

test('a lifetime is what the answer says, within what a date can hold, else what the platform documents', () => {
  assert.equal(read({ expires_in: 60 }).lifetimeMs, 60_000)
  for (const expires_in of [undefined, 0]) assert.equal(read({ expires_in }).lifetimeMs, twitch.accessTokenMs)
  assert.equal(read({ expires_in: 1e300 }).lifetimeMs, 366 * 86_400_000)
})

test('scopes that are none, and more than anybody has, are left out', () => {
  assert.equal(read({}).scopes, undefined)
  assert.deepEqual(read({ scope: 'chat:read,bits:read  https://a.example/b' }).scopes, [
    ...['chat:read', 'bits:read', 'https://a.example/b'],
  ])
  assert.deepEqual(read({ scope: `a\u0000 b\u0007 ${'x'.repeat(201)} "q" ok` }).scopes, ['ok'])
  assert.equal(read({ scope: 'many '.repeat(5_000) }).scopes?.length, 100)
})

test('a token larger than any platform gives is not kept', () => {
  const large = 'x'.repeat(16_385)
  for (const answer of [{ access_token: large }, { refresh_token: large }]) {
    assert.throws(
      () => read(answer),
      (error) => error instanceof PlatformError && error.fault === 'UNAVAILABLE',
    )
  }
})
