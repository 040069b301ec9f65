const uuidLength = 36
const notHex = 0xff
const digits = new Uint8Array(128).fill(notHex)
for (const [value, digit] of [...'0123456789abcdef'].entries()) digits[digit.charCodeAt(0)] = value

/**
 * The UUIDs of a text, 16 bytes each, one after the other; undefined unless the text is exactly `count` of them in canonical form
 * (RFC 9562 §4, lower case), with a line break between two.
 */
export function packUuids(text: string, count: number): Uint8Array | undefined {
  if (text.length !== Math.max(0, count * (uuidLength + 1) - 1)) return undefined
  const packed = new Uint8Array(16 * count)
  for (let n = 0; n < count; n++) {
    const from = n * (uuidLength + 1)
    if (n > 0 && text.charCodeAt(from - 1) !== 0x0a) return undefined
    if (!writeUuid(packed, 16 * n, text, from)) return undefined
  }
  return packed
}

function writeUuid(target: Uint8Array, at: number, text: string, from: number): boolean {
  let next = at
  for (let place = 0; place < uuidLength; place += 2) {
    if (place === 8 || place === 13 || place === 18 || place === 23) {
      if (text.charCodeAt(from + place) !== 0x2d) return false
      place++
    }
    const high = toDigit(text, from + place)
    const low = toDigit(text, from + place + 1)
    if ((high | low) > 0xf) return false
    target[next++] = (high << 4) | low
  }
  return true
}

function toDigit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < digits.length ? (digits[code] ?? notHex) : notHex
}
