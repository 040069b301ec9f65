import { bounds } from '@immersiverse/auth-contract'

const shape = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._-]*$/u
/** Letters that show nothing, such as the Hangul fillers: they are letters by category all the same. */
const invisible = /\p{Default_Ignorable_Code_Point}/u
/** More marks on one letter than writing needs; and a mark of no script at the end that composes with nothing. */
const strayMarks = /\p{M}{3}|\p{Script=Inherited}$/u
const asciiDigit = /[0-9]/
const otherDigit = /(?![0-9])\p{Nd}/u

/** UAX #31, table 5: the scripts in general modern use. */
const scripts = [
  ...['Arabic', 'Armenian', 'Bengali', 'Bopomofo', 'Cyrillic', 'Devanagari', 'Ethiopic', 'Georgian', 'Greek'],
  ...['Gujarati', 'Gurmukhi', 'Hangul', 'Han', 'Hebrew', 'Hiragana', 'Kannada', 'Katakana', 'Khmer', 'Lao'],
  ...['Latin', 'Malayalam', 'Myanmar', 'Oriya', 'Sinhala', 'Tamil', 'Telugu', 'Thaana', 'Thai', 'Tibetan'],
]

/** UTS #39 §5.2, Highly Restrictive: beside one script, Latin with what Japanese, Chinese and Korean are written in. */
const mixes = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
]

const resolutions = [...mixes, ...scripts.map((script) => [script])].map(toResolution)

/** All characters belong to these scripts or to none. */
function toResolution(allowed: readonly string[]): RegExp {
  const each = [...allowed, 'Common', 'Inherited'].map((script) => `\\p{Script_Extensions=${script}}`)
  return new RegExp(`^[${each.join('')}]+$`, 'u')
}

/** What is wrong with a username, for the caller to read, or undefined. It is judged in NFKC, the form in which it is compared. */
export function usernameRule(username: string): string | undefined {
  const form = username.normalize('NFKC')
  if (!isLengthRight(username) || !isLengthRight(form)) {
    return `must have ${bounds.usernameMin} to ${bounds.usernameMax} characters`
  }
  if (!shape.test(form) || invisible.test(form)) {
    return 'may hold letters, digits, ".", "_" and "-", and begins with a letter or digit'
  }
  if (strayMarks.test(form)) return 'holds marks that belong to no letter'
  if (asciiDigit.test(form) && otherDigit.test(form)) return 'mixes digits of several scripts'
  return resolutions.some((resolution) => resolution.test(form))
    ? undefined
    : 'mixes scripts that are not written together'
}

function isLengthRight(text: string): boolean {
  const length = [...text].length
  return length >= bounds.usernameMin && length <= bounds.usernameMax
}
