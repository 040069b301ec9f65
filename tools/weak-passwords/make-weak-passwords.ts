import { toCanonical } from '../../services/auth/src/security/password-policy/to-canonical.ts'
import { commonWords } from './common-words.ts'
import { koreanWords } from './korean-words.ts'
import { makeKeyboardWalks } from './make-keyboard-walks.ts'
import { toDubeolsik } from './to-dubeolsik.ts'

/** Code points of the shortest password that is listed, the default of AUTH_PASSWORD_MIN_LENGTH, and of the longest. */
export const weakLengths = Object.freeze({ shortest: 12, longest: 24 })

const digits = ['1', '12', '123', '1234', '12345', '123456', '1234567', '12345678', '123456789', '1234567890']
const signs = ['!', '!!', '1!', '123!', '!@#', '!@#$', '@123', '#1']
const dates = ['0000', '0101', '1004', '1111', '1225', '4321', '7777', '654321', '112233']
const years = Array.from({ length: 12 }, (_, place) => String(2016 + place))

/** Words that make no password with whatever digits and signs around them, in the form in which passwords are compared. */
export function makeWeakWords(): string[] {
  return [...new Set(listWords().map(toCanonical))].sort()
}

/**
 * Passwords that many people have, of allowed length, in the form in which passwords are compared. They are made by rule from what people
 * do: a word with digits, a date or a year, a word again and again, two words, a walk over the keyboard; in English, in Korean, romanised,
 * and in Korean as a Latin keyboard writes it.
 */
export function makeWeakPasswords(): string[] {
  const words = listWords()
  const passwords = [
    ...words,
    ...words.flatMap((word) => listEndings().map((ending) => word + ending)),
    ...words.flatMap((word) => [2, 3, 4, 5, 6].map((copies) => word.repeat(copies))),
    ...words.flatMap((word, place) =>
      words.slice(place + 1, place + 5).flatMap((next) => [word + next, next + word]),
    ),
    ...makeKeyboardWalks(weakLengths.shortest),
  ]
  return [...new Set(passwords.filter(isListed).map(toCanonical))].sort()
}

function listWords(): string[] {
  const korean = koreanWords.flatMap(([hangul, ...romanised]) => [hangul, toDubeolsik(hangul), ...romanised])
  return [...commonWords, ...korean]
}

function listEndings(): string[] {
  return [...digits, ...signs, ...dates, ...years, ...years.map((year) => `${year}!`)]
}

function isListed(password: string): boolean {
  const length = Array.from(password).length
  return length >= weakLengths.shortest && length <= weakLengths.longest
}
