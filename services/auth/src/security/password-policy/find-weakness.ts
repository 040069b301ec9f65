import { toCanonical, toFolded } from './to-canonical.ts'

/** What is guessed first, in the form in which passwords are compared. */
export interface WeakPasswords {
  /** Of `listedLength` characters or more. */
  readonly passwords: ReadonlySet<string>
  /** Words that are no password with whatever digits and signs around them, nor again and again. */
  readonly words: ReadonlySet<string>
}

const listedLength = 12
/** So few characters more do not make a password of a listed one. */
const tailMax = 4
/** A text that repeats so few has no more to guess than they. */
const unitMax = 6
const around = /^[^\p{L}]+|[^\p{L}]+$/gu
const noLetters = /[^\p{L}]+/gu

/** Why anybody guesses a password easily, for the person to read, or undefined. */
export function findWeakness(password: string, weak: WeakPasswords): string | undefined {
  const folded = toFolded(password)
  if (isSequence(folded)) return 'must not be a sequence of neighbouring characters'
  if (findUnit(folded, unitMax) !== undefined) return 'must not be the same few characters again and again'
  const words = [folded.replace(around, ''), folded.replace(noLetters, '')].map(toCanonical)
  return isListed(toCanonical(folded), weak) || words.some((word) => isWord(word, weak))
    ? 'is one of the passwords that are guessed first'
    : undefined
}

/** A listed one with a few characters more, or stretches of listed ones from beginning to end, such as a long walk over the keyboard. */
function isListed(form: string, { passwords }: WeakPasswords): boolean {
  for (let end = form.length; end >= Math.max(listedLength, form.length - tailMax); end -= 1) {
    if (passwords.has(form.slice(0, end))) return true
  }
  const starts = Array.from({ length: form.length - listedLength + 1 }, (_, start) => start)
  return starts.length > 0 && starts.every((start) => passwords.has(form.slice(start, start + listedLength)))
}

function isWord(form: string, { words }: WeakPasswords): boolean {
  return words.has(form) || words.has(findUnit(form, form.length / 2) ?? form)
}

/** Every character is the one after, or every one the one before, the one that precedes it; after the nine comes zero. */
function isSequence(text: string): boolean {
  const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  const steps = new Set(codes.slice(1).map((code, place) => toStep(codes[place] ?? 0, code)))
  return steps.size === 1 && (steps.has(1) || steps.has(-1))
}

function toStep(from: number, to: number): number {
  const [zero, nine] = [0x30, 0x39]
  if (from === nine && to === zero) return 1
  return from === zero && to === nine ? -1 : to - from
}

/** The shortest beginning, of at most `max` characters, that the text repeats to its end; undefined where there is none. */
function findUnit(text: string, max: number): string | undefined {
  for (let length = 1; length <= Math.min(max, text.length / 2); length += 1) {
    const unit = text.slice(0, length)
    if (unit.repeat(Math.ceil(text.length / length)).startsWith(text)) return unit
  }
  return undefined
}
