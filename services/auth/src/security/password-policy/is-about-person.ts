import { toCanonical, toFolded } from './to-canonical.ts'

/** What others know or guess about a person. */
export interface PersonalWords {
  readonly username: string
  readonly email: string
  readonly displayName: string
}

/** Letters that must be left when a person's own words are taken out. */
const lettersMin = 5
/** Shorter ones stand in every text; a Hangul or Han name has as few as two. */
const wordMin = { ascii: 3, other: 2 }

/**
 * Whether there is little more in a password than what others know of a person, forwards or backwards, and digits and signs.
 * `serviceWords` are the service's own names.
 */
export function isAboutPerson(
  password: string,
  person: PersonalWords,
  serviceWords: readonly string[],
): boolean {
  const folded = Array.from(toFolded(password))
  // Character by character the same text: what is found in the one is taken out of the other.
  const canonical = folded.map(toCanonical)
  const covered = new Set(listWords(person, serviceWords).flatMap((word) => findPlaces(canonical, word)))
  const letters = folded.filter((char, place) => !covered.has(place) && /\p{L}/u.test(char))
  return covered.size > 0 && letters.length < lettersMin
}

/** Every place that some occurrence of the word covers. */
function findPlaces(text: readonly string[], word: readonly string[]): number[] {
  return text.flatMap((_, start) =>
    word.every((char, place) => text[start + place] === char)
      ? word.map((_char, place) => start + place)
      : [],
  )
}

/** The words and their parts, without digits behind them too, each also backwards. */
function listWords(
  { username, email, displayName }: PersonalWords,
  serviceWords: readonly string[],
): string[][] {
  const [local = ''] = email.split('@')
  const whole = [username, local, displayName, ...serviceWords]
  const parts = whole.flatMap((text) => text.split(/[\s._+-]+/u))
  const bare = parts.map((text) => text.replace(/^\P{L}+|\P{L}+$/gu, ''))
  const words = new Set([...whole, ...parts, ...bare].map(toCanonical))
  return [...words]
    .map((word) => Array.from(word))
    .filter(isLongEnough)
    .flatMap((word) => [word, word.toReversed()])
}

function isLongEnough(word: readonly string[]): boolean {
  return word.length >= (word.every((char) => char < '\u0080') ? wordMin.ascii : wordMin.other)
}
