import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toUsername } from './to-username.ts'
import { usernameRule } from './username-rule.ts'

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
    'Стример',
    'pаypal',
  ]) {
    for (const suffix of ['', '104729']) {
      assert.equal(usernameRule(toUsername(name, suffix)), undefined, `${name} ${suffix}`)
    }
  }
})

test('a name of mixed scripts is not taken over', () => {
  assert.equal(toUsername('pаypal'), 'user')
  assert.equal(toUsername('Стример', '104729'), 'Стример-104729')
})

test('a suffix tells two of one name apart', () => {
  assert.equal(toUsername('streamer'), 'streamer')
  assert.equal(toUsername('streamer', '104729'), 'streamer-104729')
})
