import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { findWeakness, type WeakPasswords } from './find-weakness.ts'
import { readWeakPasswords } from './read-weak-passwords.ts'

describe('a weak password', () => {
  let weak: WeakPasswords
  before(async () => {
    weak = await readWeakPasswords()
  })

  function assertWeak(passwords: readonly string[], description: RegExp): void {
    for (const password of passwords) assert.match(findWeakness(password, weak) ?? '', description, password)
  }

  it('is a listed one, in any case and form, with spaces, with letters replaced', () => {
    const passwords = [
      'Password1234',
      'P@$$w0rd1234',
      'pass word 1234',
      'ＰＡＳＳＷＯＲＤ1234',
      '1QAZ2wsx3edc',
      'dkssudgktpdy',
    ]
    assertWeak([...passwords, 'Qwerty-Uiop-12', '비밀번호123456'], /guessed first/)
  })

  it('is a listed one with a few characters more', () => {
    assertWeak(['password1234xy', 'annyeonghaseyo!?', 'Iloveyou2024!!1'], /guessed first/)
  })

  it('is a common word with whatever digits and signs around it, or again and again', () => {
    assertWeak(
      ['##Sunshine##1987##', '2019-liverpool-2019', 'saranghae777777', 'Dragon!Dragon!', 'tkfkdgo..1004..!!'],
      /guessed first/,
    )
    assertWeak(['passwordpasswordpassw'], /guessed first/)
  })

  it('is a walk over the keyboard of any length', () => {
    assertWeak(['qwertyuiop[]qwertyuiop[]', '1q2w3e4r5t6y7u8i9o0p', 'zaq1xsw2cde3vfr4bgt5'], /guessed first/)
  })

  it('is a sequence', () => {
    assertWeak(['012345678901', 'ABCDEFGHIJKLMNOP', '9876543210987', 'zyxwvutsrqponm'], /sequence/)
  })

  it('is few characters again and again', () => {
    assertWeak(
      ['aaaaaaaaaaaa', '12121212121212', 'abcabcabcabca', '김미나김미나김미나김미나', 'aA'.repeat(32)],
      /again and again/,
    )
  })

  it('is not one that has a common word or a year in it', () => {
    for (const password of [
      'wet sunshine on tin',
      'my dragon eats 7 fish',
      'borrowed umbrella 2024',
      '우산을 빌린 고양이 다섯',
      'x7Gq!vR2mZ#p',
    ]) {
      assert.equal(findWeakness(password, weak), undefined, password)
    }
  })
})
