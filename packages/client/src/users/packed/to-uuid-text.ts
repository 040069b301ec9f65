const bytes = 16

/** The canonical text of a UUID (RFC 9562 §4) from its 128 bits in four words. */
export function toUuidText(a: number, b: number, c: number, d: number): string {
  const buffer = Buffer.allocUnsafe(bytes)
  for (const [at, word] of [a, b, c, d].entries()) buffer.writeInt32BE(word, at * 4)
  const hex = buffer.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
