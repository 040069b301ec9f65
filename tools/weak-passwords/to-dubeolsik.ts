const initials = [
  'r',
  'R',
  's',
  'e',
  'E',
  'f',
  'a',
  'q',
  'Q',
  't',
  'T',
  'd',
  'w',
  'W',
  'c',
  'z',
  'x',
  'v',
  'g',
]
const vowels = [
  ...['k', 'o', 'i', 'O', 'j', 'p', 'u', 'P', 'h', 'hk', 'ho', 'hl', 'y', 'n', 'nj', 'np', 'nl', 'b', 'm'],
  ...['ml', 'l'],
]
const finals = [
  ...['', 'r', 'R', 'rt', 's', 'sw', 'sg', 'e', 'f', 'fr', 'fa', 'fq', 'ft', 'fx', 'fv', 'fg', 'a', 'q'],
  ...['qt', 't', 'T', 'd', 'w', 'c', 'z', 'x', 'v', 'g'],
]
const [firstSyllable, lastSyllable] = [0xac00, 0xd7a3]

/** The keys of a Latin keyboard that write this Hangul in the two-set layout (KS X 5002); other characters stay. */
export function toDubeolsik(hangul: string): string {
  return Array.from(hangul.normalize('NFC'), toKeys).join('')
}

/** A syllable's place in Unicode is its parts' (The Unicode Standard, §3.12). */
function toKeys(syllable: string): string {
  const code = syllable.codePointAt(0) ?? 0
  if (code < firstSyllable || code > lastSyllable) return syllable
  const place = code - firstSyllable
  const [initial, vowel, final] = [Math.floor(place / 588), Math.floor((place % 588) / 28), place % 28]
  return `${initials[initial]}${vowels[vowel]}${finals[final]}`
}
