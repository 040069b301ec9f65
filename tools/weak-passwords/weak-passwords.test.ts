import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toCanonical } from '../../services/auth/src/security/password-policy/to-canonical.ts'
import { makeKeyboardWalks } from './make-keyboard-walks.ts'
import { makeWeakFiles } from './make-weak-files.ts'
import { makeWeakPasswords, makeWeakWords, weakLengths } from './make-weak-passwords.ts'
import { toDubeolsik } from './to-dubeolsik.ts'

it('at least 3,000 weak passwords have a length that is allowed', () => {
  const allowed = makeWeakPasswords().filter((password) => [...password].length >= weakLengths.shortest)
  assert.ok(allowed.length >= 3000, String(allowed.length))
})

it('what people do to make a password long enough is listed', () => {
  const listed = new Set(makeWeakPasswords())
  for (const password of [
    ...['password1234', 'qwerty123456', 'welcome12345', 'iloveyou2024', 'sunshine2025!', 'letmeinletmein'],
    ...[
      '1qaz2wsx3edc',
      'qazwsxedcrfv',
      '1q2w3e4r5t6y',
      'qwertyuiop12',
      'zaq12wsxcde3',
      '!qaz@wsx#edc',
      'poiuytrewqpo',
    ],
    ...[
      'dkssudgktpdy',
      'qlalfqjsgh1234',
      'tkfkdgo12345',
      'saranghae1004',
      'annyeonghaseyo',
      '비밀번호비밀번호비밀번호',
    ],
  ]) {
    assert.ok(listed.has(toCanonical(password)), password)
  }
})

it('lists are in order, without repetition, and compared as they stand', () => {
  for (const list of [makeWeakPasswords(), makeWeakWords()]) {
    assert.deepEqual([...new Set(list)].sort(), list)
    assert.deepEqual(list.map(toCanonical), list)
  }
})

it('lists are written an entry a line', () => {
  const [passwords, words] = makeWeakFiles()
  assert.equal(
    passwords?.text,
    makeWeakPasswords()
      .map((line) => `${line}\n`)
      .join(''),
  )
  assert.ok(words?.text.includes('\npassword\n'))
})

it('Hangul is written with the keys of the two-set layout', () => {
  const keys = {
    비밀번호: 'qlalfqjsgh',
    사랑해: 'tkfkdgo',
    안녕하세요: 'dkssudgktpdy',
    떡볶이: 'EjrqhRdl',
    값: 'rkqt',
    왜1: 'dho1',
  }
  for (const [hangul, expected] of Object.entries(keys)) {
    assert.equal(toDubeolsik(hangul), expected)
    assert.equal(toDubeolsik(hangul.normalize('NFD')), expected)
  }
})

it('walks have the length that is asked for, and begin at every key of their path', () => {
  const walks = makeKeyboardWalks(12)
  assert.ok(walks.every((walk) => walk.length === 12))
  for (const walk of ['qwertyuiop[]', 'wertyuiop[]q', '098765432112', "asdfghjkl;'a", 'qawsedrftgyh']) {
    assert.ok(walks.includes(walk), walk)
  }
})
