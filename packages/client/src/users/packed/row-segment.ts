import type { UuidKey } from '../../verifier/to-uuid-key.ts'
import { segmentBits } from '../../verifier/uuid-segment.ts'
import { hashRow } from './hash-row.ts'
import { noRow, type PackedRows, wordAt } from './packed-rows.ts'

const smallest = 16

/**
 * A part of an index of rows by the UUID in their first four words: linear probing, five bytes a slot, at most three of four slots used. Keys are
 * compared whole, in the rows themselves.
 */
export class RowSegment {
  readonly #rows: PackedRows
  #slots = new Int32Array(smallest)
  /** Bits of the hash, so that the rows of other keys are seldom touched. */
  #tags = new Uint8Array(smallest)
  #mask = smallest - 1
  #size = 0

  constructor(rows: PackedRows) {
    this.#rows = rows
  }

  /** The key's row, or `noRow`. */
  find(key: UuidKey): number {
    return this.#slots[this.#locate(key)] as number
  }

  /** Only of a key that is not there. The row has the key already. */
  add(key: UuidKey, row: number): void {
    if (this.#size >= (this.#mask + 1) * 0.75) this.#grow()
    const slot = this.#locate(key)
    this.#slots[slot] = row
    this.#tags[slot] = toTag(key.hash)
    this.#size++
  }

  /** Empties the slot of a row that is there and moves up what had to go past it (Knuth, TAOCP vol. 3, 6.4, algorithm R). */
  remove(row: number): void {
    let hole = this.#home(hashRow(this.#rows, row))
    while (this.#slots[hole] !== row) hole = (hole + 1) & this.#mask
    for (let next = (hole + 1) & this.#mask; this.#slots[next] !== noRow; next = (next + 1) & this.#mask) {
      const moved = this.#slots[next] as number
      const home = this.#home(hashRow(this.#rows, moved))
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue
      this.#slots[hole] = moved
      this.#tags[hole] = this.#tags[next] as number
      hole = next
    }
    this.#slots[hole] = noRow
    this.#size--
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#tags.byteLength
  }

  /** The key's slot, or the empty one where it would go. */
  #locate({ a, b, c, d, hash }: UuidKey): number {
    const rows = this.#rows
    const tag = toTag(hash)
    for (let slot = this.#home(hash); ; slot = (slot + 1) & this.#mask) {
      const row = this.#slots[slot] as number
      if (row === noRow) return slot
      if (this.#tags[slot] !== tag) continue
      const { id } = wordAt
      if (rows.word(row, id + 3) !== d || rows.word(row, id + 2) !== c) continue
      if (rows.word(row, id + 1) === b && rows.word(row, id) === a) return slot
    }
  }

  #grow(): void {
    const [slots, tags] = [this.#slots, this.#tags]
    this.#mask = this.#mask * 2 + 1
    this.#slots = new Int32Array(this.#mask + 1)
    this.#tags = new Uint8Array(this.#mask + 1)
    for (const [old, row] of slots.entries()) {
      if (row === noRow) continue
      let slot = this.#home(hashRow(this.#rows, row))
      while (this.#slots[slot] !== noRow) slot = (slot + 1) & this.#mask
      this.#slots[slot] = row
      this.#tags[slot] = tags[old] as number
    }
  }

  #home(hash: number): number {
    return (hash >>> segmentBits) & this.#mask
  }
}

/** The hash's upper bits, which slots are not chosen by. */
function toTag(hash: number): number {
  return hash >>> 24
}
