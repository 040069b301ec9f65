const substitutes: Readonly<Record<string, string>> = Object.freeze({
  '0': 'o',
  '1': 'i',
  l: 'i',
  '!': 'i',
  '|': 'i',
  '3': 'e',
  '4': 'a',
  '@': 'a',
  '5': 's',
  $: 's',
  '7': 't',
  '+': 't',
  '8': 'b',
  '9': 'g',
})

/**
 * The form in which passwords are compared with what is weak: NFKC, small letters, nothing between words, and what stands for a letter
 * replaced by it. Both sides are compared in it; it is nobody's password.
 */
export function toCanonical(text: string): string {
  return Array.from(toFolded(text), (char) => substitutes[char] ?? char).join('')
}

/** NFKC, small letters, and nothing between words. */
export function toFolded(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s._-]/gu, '')
}
