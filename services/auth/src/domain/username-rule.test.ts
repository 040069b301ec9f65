import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { usernameRule } from './username-rule.ts'

function assertTaken(names: readonly string[]): void {
  for (const name of names) assert.equal(usernameRule(name), undefined, JSON.stringify(name))
}

function assertRefused(names: readonly string[], description: RegExp): void {
  for (const name of names) assert.match(usernameRule(name) ?? '', description, JSON.stringify(name))
}

describe('usernameRule', () => {
  it('takes letters of any script in use, digits and . _ -', () => {
    assertTaken([
      'mina',
      '김미나',
      'a.b_c-d',
      '0x',
      'Мина',
      'Μίνα',
      'مينا',
      'מינה',
      'मीना',
      'มีนา',
      'ミナ',
      '美娜',
    ])
  })

  it('takes what Korean, Japanese and Chinese are written in, with Latin', () => {
    assertTaken([
      '김mina',
      '金민아mina',
      'ㅋㅋmina',
      'ミナminaみな美',
      '美娜mina',
      'ㄅㄆ美mina',
      'mina2026미나',
    ])
  })

  it('refuses scripts that are not written together', () => {
    const mixed = [
      'minа',
      'μina',
      'раypal',
      'みな미나',
      'ㄅみな',
      'мина미나',
      'мінаε',
      'mina\u0661',
      '1\u0967',
      'ᚑᚌ',
      'ꓮꓰ',
    ]
    assertRefused(mixed, /scripts/)
  })

  it('refuses what could be an address, a space, or nothing to see', () => {
    const names = [
      'a@b',
      'a b',
      '.ab',
      'a\nb',
      'a\u200Bb',
      'a\u200Db',
      'a\u202Eb',
      'a\u2066b',
      'a\u00ADb',
      'a\uFEFFb',
    ]
    assertRefused(
      [...names, 'a\u3164b', 'a\u115F', 'a\uFFA0b', 'a\u034Fb', 'a\uFE0Fb', 'a\u{E0061}b'],
      /may hold/,
    )
  })

  it('refuses marks before any letter, heaps of them, and those at the end that no letter has', () => {
    assertRefused(['\u0301ab'], /may hold/)
    assertRefused(['ab\u0335', 'a\u0335\u0336\u0337b', 'ab\u20DD'], /marks/)
    assertTaken(['re\u0301ne', 'rene\u0301', 'हिन्दी', 'น้ำใจ'])
  })

  it('counts code points, as they are typed and as they are compared', () => {
    assertTaken(['𝒜'.repeat(32)])
    assertRefused(['𝒜'.repeat(33), 'x'.repeat(33), 'a', '', 'ﬃ'.repeat(11)], /2 to 32/)
  })
})
