import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url } from './decode-base64url.ts'

const decode = (text: string) => {
  const bytes = Buffer.from(text, 'latin1')
  return decodeBase64url(bytes, 0, bytes.length)
}

test('what was encoded is decoded, wherever in a text it stands', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array(),
      fc.uint8Array(),
      (bytes, before, after) => {
        const text = Buffer.from(Buffer.from(bytes).toString('base64url'))
        const all = Buffer.concat([before, text, after])
        const read = decodeBase64url(all, before.length, before.length + text.length)
        assert.deepEqual(read, Buffer.from(bytes))
      },
    ),
  )
})

test('a text is accepted exactly where encoding its octets gives it again: one text for every octet sequence', () => {
  const character = fc.constantFrom(...'ABQZaghwxyz0189-_+/= .\u0080\u00ff\u00c1')
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
  for (let code = 0; code < 0x100; code++) {
    const character = String.fromCharCode(code)
    for (const text of [`${character}AAA`, `A${character}AA`, `AA${character}A`, `AAA${character}`]) {
      assert.equal(decode(text) !== undefined, /[\w-]/.test(character), JSON.stringify(text))
    }
  }
})

test('a length that nothing has when it is encoded is refused, whatever follows', () => {
  for (const length of [1, 5, 9]) {
    assert.equal(decodeBase64url(Buffer.from('A'.repeat(12)), 0, length), undefined)
  }
})
