import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toUsernameSkeleton } from './to-username-skeleton.ts'

function assertSame(groups: readonly (readonly string[])[]): void {
  for (const [first = '', ...others] of groups) {
    for (const other of others) {
      assert.equal(toUsernameSkeleton(other), toUsernameSkeleton(first), `${first} and ${other}`)
    }
  }
}

it('usernames that differ in case or form alone have one skeleton, by full case folding', () => {
  assertSame([
    ['mina', 'MINA', 'ｍｉｎａ', '𝓶𝓲𝓷𝓪'],
    ['strasse', 'straße', 'STRASSE', 'STRAẞE'],
    ['σίσυφος', 'ΣΊΣΥΦΟΣ', 'σίσυφοσ'],
    ['office', 'oﬃce'],
    ['rené', 'rene\u0301', 'RENÉ'],
    ['김미나', '김미나'.normalize('NFD')],
  ])
})

it('usernames of other scripts that look the same have one skeleton', () => {
  assertSame([
    ['paypa', 'раура'],
    ['scope', 'ѕсоре'],
    ['kim', 'kіm'],
    ['mina', 'mi\u0307na', 'mına'],
    ['mama', '𑜀a𑜀a'],
    ['ㅋㅋ', 'ᄏᄏ'],
  ])
})

it('every letter has the skeleton of its capital and of its small one', () => {
  for (let code = 0x41; code <= 0x1_e9ff; code += 1) {
    const char = String.fromCodePoint(code)
    if (!/\p{L}/u.test(char)) continue
    const skeletons = [char, char.toUpperCase(), char.toLowerCase()].map(toUsernameSkeleton)
    assert.equal(new Set(skeletons).size, 1, `U+${code.toString(16)}`)
  }
})

it('what differs in ASCII is told apart, and so are other names', () => {
  const names = [
    'user1',
    'userl',
    'useri',
    'user0',
    'usero',
    'corner',
    'comer',
    'kim',
    'kin',
    '김미나',
    '김미니',
    'мина',
  ]
  assert.equal(new Set(names.map(toUsernameSkeleton)).size, names.length)
})
