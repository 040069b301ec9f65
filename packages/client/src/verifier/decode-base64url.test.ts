import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url } from './decode-base64url.ts'

const decode = (text: string) => decodeBase64url(text, 0, text.length)

test('what was encoded is decoded, wherever in a text it stands', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.string(), (bytes, before, after) => {
      const text = Buffer.from(bytes).toString('base64url')
      const read = decodeBase64url(before + text + after, before.length, before.length + text.length)
      assert.deepEqual(read, Buffer.from(bytes))
    }),
  )
})

test('a text is accepted exactly where encoding its octets gives it again: one text for every octet sequence', () => {
  const character = fc.constantFrom(...'ABQZaghwxyz0189-_+/= .\u0141\u0100\u00c1')
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
      const octets = Buffer.from(text, 'base64url')
      const isCanonical = octets.toString('base64url') === text
      assert.deepEqual(decode(text), isCanonical ? octets : undefined)
    }),
    { numRuns: 20_000 },
  )
})

test('every single character outside of the alphabet is refused at every place', () => {
  for (let code = 0; code < 0x180; code++) {
    const character = String.fromCharCode(code)
    for (const text of [`${character}AAA`, `A${character}AA`, `AA${character}A`, `AAA${character}`]) {
      assert.equal(decode(text) !== undefined, /[\w-]/.test(character), JSON.stringify(text))
    }
  }
})
