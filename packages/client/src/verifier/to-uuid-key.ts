/** The 128 bits of a UUID as four int32, which engines keep unboxed, and their hash. */
export interface UuidKey {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  /** Of all bits, by {@link hashWords}: tokens are looked up again and again. */
  readonly hash: number
}

const notHex = 0xff
const dash = 0x2d
/** Values of the digits 0-9 and a-f by character code. */
const digits = new Uint8Array(128).fill(notHex)
for (const [value, digit] of [...'0123456789abcdef'].entries()) digits[digit.charCodeAt(0)] = value

/**
 * The key of a UUID in its canonical text (RFC 9562 §4, lower case); undefined for any other text. Two texts have equal keys only when
 * they are equal, so a key stands for its text exactly.
 */
export function toUuidKey(text: string): UuidKey | undefined {
  if (text.length !== 36) return undefined
  if (text.charCodeAt(8) !== dash || text.charCodeAt(13) !== dash) return undefined
  if (text.charCodeAt(18) !== dash || text.charCodeAt(23) !== dash) return undefined
  const high = [readHex(text, 0), readHex(text, 4), readHex(text, 9), readHex(text, 14)] as const
  const low = [readHex(text, 19), readHex(text, 24), readHex(text, 28), readHex(text, 32)] as const
  if ((high[0] | high[1] | high[2] | high[3] | low[0] | low[1] | low[2] | low[3]) < 0) return undefined
  const a = (high[0] << 16) | high[1]
  const b = (high[2] << 16) | high[3]
  const c = (low[0] << 16) | low[1]
  const d = (low[2] << 16) | low[3]
  return { a, b, c, d, hash: hashWords(a, b, c, d) }
}

/** All bits of the key, mixed by the finaliser of MurmurHash3. Keys are the auth service's choice, so no secret is needed. */
export function hashWords(a: number, b: number, c: number, d: number): number {
  let h = a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca77) ^ Math.imul(d, 0xc2b2ae3d)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Four hexadecimal digits, or −1. */
function readHex(text: string, at: number): number {
  let value = 0
  for (let i = at; i < at + 4; i++) {
    const digit = digits[text.charCodeAt(i)] ?? notHex
    if (digit === notHex) return -1
    value = (value << 4) | digit
  }
  return value
}
