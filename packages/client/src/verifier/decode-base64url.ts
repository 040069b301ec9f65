const invalid = 0xff
/** Values of the characters by their codes. */
const sextets = new Uint8Array(256).fill(invalid)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
for (const [value, character] of [...alphabet].entries()) sextets[character.charCodeAt(0)] = value

/**
 * Decodes the characters of `text`, one an octet, from `start` to before `end` as base64url without padding (RFC 7515 §2, RFC 4648 §5).
 * Undefined for a character outside of the alphabet, an impossible length, and unused trailing bits that are not zero: every octet sequence
 * has exactly one accepted text (RFC 4648 §3.5).
 */
export function decodeBase64url(text: Uint8Array, start: number, end: number): Buffer | undefined {
  // By hand: the wide vector instructions of `Buffer.from` slow down the signature check behind them. Measured on Node 24: 5 µs of 75.
  const rest = (end - start) & 3
  if (rest === 1) return undefined
  const bytes = Buffer.allocUnsafe(((end - start) * 3) >> 2)
  const whole = end - rest
  let seen = 0
  let at = 0
  for (let from = start; from < whole; from += 4) {
    const a = toSextet(text, from)
    const b = toSextet(text, from + 1)
    const c = toSextet(text, from + 2)
    const d = toSextet(text, from + 3)
    seen |= a | b | c | d
    bytes[at] = (a << 2) | (b >> 4)
    bytes[at + 1] = (b << 4) | (c >> 2)
    bytes[at + 2] = (c << 6) | d
    at += 3
  }
  if (rest > 0) {
    const a = toSextet(text, whole)
    const b = toSextet(text, whole + 1)
    const c = rest === 3 ? toSextet(text, whole + 2) : 0
    const unused = rest === 3 ? c & 0b11 : b & 0b1111
    if (unused !== 0) return undefined
    seen |= a | b | c
    bytes[at++] = (a << 2) | (b >> 4)
    if (rest === 3) bytes[at++] = (b << 4) | (c >> 2)
  }
  return seen > 0x3f ? undefined : bytes
}

function toSextet(text: Uint8Array, at: number): number {
  return sextets[text[at] ?? 0] ?? invalid
}
