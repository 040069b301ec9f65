import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toUsername } from './to-username.ts'
import { usernameRule } from './user-fields.ts'

test('whatever a platform calls somebody, the username is one', () => {
  for (const name of [
    'streamer',
    '치지직',
    ' Ｆｕｌｌ width ',
    '<b>',
    '',
    '...',
    '._-x',
    'a',
    '😀😀',
    'x'.repeat(200),
    '𝒳'.repeat(60),
  ]) {
    for (const suffix of ['', 'a1b2c3']) {
      assert.equal(usernameRule(toUsername(name, suffix)), undefined, `${name} ${suffix}`)
    }
  }
})

test('a suffix tells two of one name apart', () => {
  assert.equal(toUsername('streamer'), 'streamer')
  assert.equal(toUsername('streamer', 'a1b2c3'), 'streamer-a1b2c3')
})
