/** Whole numbers from 0, of which many that are close together are kept in a bit each. */
export interface NumberSet {
  readonly size: number
  add(number: number): void
  has(number: number): boolean
  /** In ascending order. */
  values(): Generator<number, void, undefined>
}

const chunkBits = 65_536

/** Makes an empty set. Numbers are safe integers of 0 or more; else RangeError. */
export function makeNumberSet(): NumberSet {
  const chunks = new Map<number, Uint8Array>()
  let size = 0
  return {
    get size() {
      return size
    },
    add(number) {
      if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${number} is no whole number`)
      const [at, { byte, mask }] = [Math.floor(number / chunkBits), toBit(number)]
      const chunk = chunks.get(at) ?? new Uint8Array(chunkBits / 8)
      chunks.set(at, chunk)
      const bits = chunk[byte] ?? 0
      if ((bits & mask) === 0) size += 1
      chunk[byte] = bits | mask
    },
    has(number) {
      const { byte, mask } = toBit(number)
      return ((chunks.get(Math.floor(number / chunkBits))?.[byte] ?? 0) & mask) !== 0
    },
    *values() {
      for (const [at, chunk] of [...chunks].sort(([one], [other]) => one - other)) {
        for (const [byte, bits] of chunk.entries()) {
          for (let bit = 0; bits >> bit !== 0; bit += 1) {
            if (((bits >> bit) & 1) === 1) yield at * chunkBits + byte * 8 + bit
          }
        }
      }
    },
  }
}

function toBit(number: number): { readonly byte: number; readonly mask: number } {
  const within = number % chunkBits
  return { byte: within >> 3, mask: 1 << (within & 7) }
}
