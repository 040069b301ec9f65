/** Where no row is: rows are counted from 1. */
export const noRow = 0

/** What a row has at which of its 16 words. The first four are for an id. */
export const wordAt = Object.freeze({ id: 0, traits: 4, names: 5, generation: 6, older: 14, newer: 15 })
/** What a row has at which of its eight numbers, each in the place of two words. */
export const numberAt = Object.freeze({ version: 4, since: 5, revoked: 6 })

const [words, numbers] = [16, 8]
/** Of a power of two, so that a row is found by shifting. */
const chunkBits = 11
const chunkRows = 1 << chunkBits
const chunkMask = chunkRows - 1

/**
 * Rows of 64 bytes, which is a line of the processor's cache, in chunks of 128 KB that are never copied: growing costs the new chunk and nothing
 * else. The garbage collector sees two objects a chunk, not what stands in them. A row that was released is all zero, and is used again.
 */
export class PackedRows {
  readonly #words: Int32Array[] = []
  readonly #numbers: Float64Array[] = []
  readonly #released: number[] = []
  #last = noRow

  /** No row has a greater number. */
  get last(): number {
    return this.#last
  }

  get bytes(): number {
    return this.#words.length * chunkRows * words * Int32Array.BYTES_PER_ELEMENT
  }

  /** A row of zeros. */
  add(): number {
    const released = this.#released.pop()
    if (released !== undefined) return released
    this.#last++
    if (this.#last >>> chunkBits >= this.#words.length) {
      const chunk = new Int32Array(chunkRows * words)
      this.#words.push(chunk)
      this.#numbers.push(new Float64Array(chunk.buffer))
    }
    return this.#last
  }

  release(row: number): void {
    const at = (row & chunkMask) * words
    this.#wordsOf(row).fill(0, at, at + words)
    this.#released.push(row)
  }

  /** A signed word. */
  word(row: number, at: number): number {
    return this.#wordsOf(row)[(row & chunkMask) * words + at] as number
  }

  setWord(row: number, at: number, value: number): void {
    this.#wordsOf(row)[(row & chunkMask) * words + at] = value
  }

  number(row: number, at: number): number {
    return this.#numbersOf(row)[(row & chunkMask) * numbers + at] as number
  }

  setNumber(row: number, at: number, value: number): void {
    this.#numbersOf(row)[(row & chunkMask) * numbers + at] = value
  }

  #wordsOf(row: number): Int32Array {
    return this.#words[row >>> chunkBits] as Int32Array
  }

  #numbersOf(row: number): Float64Array {
    return this.#numbers[row >>> chunkBits] as Float64Array
  }
}
