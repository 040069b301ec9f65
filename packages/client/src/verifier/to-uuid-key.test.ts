import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toUuidKey } from './to-uuid-key.ts'

test('a key holds exactly the bits of its text: the text can be written again from it', () => {
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0')
  fc.assert(
    fc.property(fc.uuid(), (text) => {
      const key = toUuidKey(text)
      assert.ok(key)
      const digits = hex(key.a) + hex(key.b) + hex(key.c) + hex(key.d)
      assert.equal(digits, text.replaceAll('-', ''))
      assert.ok([key.a, key.b, key.c, key.d].every((word) => (word | 0) === word))
    }),
  )
})

test('any other text has no key: other case, length, dashes or characters', () => {
  const good = '0189abcd-ef01-7234-8567-89abcdef0123'
  const bad = [
    '',
    good.toUpperCase(),
    `${good} `,
    good.slice(1),
    good.replaceAll('-', ''),
    good.replace('-', '_'),
    good.replace('f', 'g'),
    good.replace('0', '０'),
    good.replace('a', 'à'),
    `{${good.slice(2)}}`,
  ]
  for (const text of bad) assert.equal(toUuidKey(text), undefined, text)
  for (let at = 0; at < 36; at++) {
    for (const wrong of ['g', '/', ':', '`', '@', 'A', '-', '0']) {
      const text = good.slice(0, at) + wrong + good.slice(at + 1)
      const isStill = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
      assert.equal(toUuidKey(text) !== undefined, isStill, text)
    }
  }
})
