import { hashWords, toUuidKey } from '../../verifier/to-uuid-key.ts'
import { segmentBits } from '../../verifier/uuid-segment.ts'
import { noRow, type PackedRows, wordAt } from './packed-rows.ts'
import { RowSegment } from './row-segment.ts'
import { toUuidText } from './to-uuid-text.ts'

const segmentMask = (1 << segmentBits) - 1

/**
 * Rows by id. An id that is a UUID in canonical text, as all of the service's are, stands in its row as 16 bytes; any other is the key of a Map.
 * The index has 32 segments that grow each on its own, so its old and new places never stand beside each other.
 */
export class RowIds {
  readonly #rows: PackedRows
  readonly #segments: readonly RowSegment[]
  readonly #texts = new Map<string, number>()
  readonly #textOf = new Map<number, string>()

  constructor(rows: PackedRows) {
    this.#rows = rows
    this.#segments = Array.from({ length: segmentMask + 1 }, () => new RowSegment(rows))
  }

  /** The id's row, or `noRow`. */
  find(id: string): number {
    const key = toUuidKey(id)
    if (key !== undefined) return this.#segmentOf(key.hash).find(key)
    return this.#texts.get(id) ?? noRow
  }

  /** A new row for an id that has none. */
  add(id: string): number {
    const row = this.#rows.add()
    const key = toUuidKey(id)
    if (key === undefined) {
      this.#texts.set(id, row)
      this.#textOf.set(row, id)
      return row
    }
    this.#rows.setWord(row, wordAt.id, key.a)
    this.#rows.setWord(row, wordAt.id + 1, key.b)
    this.#rows.setWord(row, wordAt.id + 2, key.c)
    this.#rows.setWord(row, wordAt.id + 3, key.d)
    this.#segmentOf(key.hash).add(key.hash, row)
    return row
  }

  /** Takes the row from its id; it is used again. */
  remove(row: number): void {
    const text = this.#textOf.get(row)
    if (text === undefined) {
      const hash = hashWords(...this.#wordsOf(row))
      this.#segmentOf(hash).remove(hash, row)
    } else {
      this.#texts.delete(text)
      this.#textOf.delete(row)
    }
    this.#rows.release(row)
  }

  /** The id of a row that has one. */
  toId(row: number): string {
    const text = this.#textOf.get(row)
    return text ?? toUuidText(...this.#wordsOf(row))
  }

  get bytes(): number {
    return this.#segments.reduce((all, { bytes }) => all + bytes, 0)
  }

  #wordsOf(row: number): [a: number, b: number, c: number, d: number] {
    const [rows, at] = [this.#rows, wordAt.id]
    return [rows.word(row, at), rows.word(row, at + 1), rows.word(row, at + 2), rows.word(row, at + 3)]
  }

  #segmentOf(hash: number): RowSegment {
    return this.#segments[hash & segmentMask] as RowSegment
  }
}
