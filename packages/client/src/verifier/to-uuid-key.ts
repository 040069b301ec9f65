/** The 128 bits of a UUID as four int32, which engines keep unboxed. */
export interface UuidKey {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
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
  return {
    a: (high[0] << 16) | high[1],
    b: (high[2] << 16) | high[3],
    c: (low[0] << 16) | low[1],
    d: (low[2] << 16) | low[3],
  }
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
