import unhomoglyph from 'unhomoglyph'

/**
 * What usernames that could be taken for each other have in common (UTS #39 §4): NFKC and full case folding, and every character that is not
 * ASCII replaced by what it looks like. ASCII stays as it is: `l` and `1`, `rn` and `m` are told apart. Only compared, never shown.
 */
export function toUsernameSkeleton(username: string): string {
  const folded = foldCase(username.normalize('NFKC')).normalize('NFD')
  const replaced = Array.from(folded, (char) => (char < '\u0080' ? char : toPrototype(char))).join('')
  // A dot above is what i and j have already.
  return foldCase(replaced)
    .normalize('NFD')
    .replace(/([ij])\u0307/g, '$1')
}

/** The table's word for m is `rn`; here m is m. */
function toPrototype(char: string): string {
  const prototype = unhomoglyph(char)
  return prototype === 'rn' ? 'm' : prototype
}

/**
 * Full case folding, character by character so that a final sigma is one too. By way of the capitals: `ß` and `ẞ` are `ss`; coarser than
 * Unicode's only in that a dotless `ı` is an `i`.
 */
function foldCase(text: string): string {
  return Array.from(text, (char) => char.toLowerCase().toUpperCase().toLowerCase()).join('')
}
