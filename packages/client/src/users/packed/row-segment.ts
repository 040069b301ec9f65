import type { UuidKey } from '../../verifier/to-uuid-key.ts'
import { segmentBits } from '../../verifier/uuid-segment.ts'
import { noRow, type PackedRows, wordAt } from './packed-rows.ts'

const smallest = 16

/**
 * A part of an index of rows by the UUID that stands in them: linear probing, eight bytes a slot, at most three of four slots used. Beside the row
 * stands the whole hash, so that other rows are seldom touched; keys are compared whole, in the row.
 */
export class RowSegment {
  readonly #rows: PackedRows
  /** Row and hash by turns. */
  #slots = new Int32Array(smallest * 2)
  #mask = smallest - 1
  #size = 0

  constructor(rows: PackedRows) {
    this.#rows = rows
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  /** The key's row, or `noRow`. */
  find({ a, b, c, d, hash }: UuidKey): number {
    const [rows, slots] = [this.#rows, this.#slots]
    const { id } = wordAt
    for (let slot = this.#home(hash); ; slot = (slot + 1) & this.#mask) {
      const row = slots[slot * 2] as number
      if (row === noRow) return noRow
      if (slots[slot * 2 + 1] !== hash) continue
      if (rows.word(row, id) !== a || rows.word(row, id + 1) !== b) continue
      if (rows.word(row, id + 2) === c && rows.word(row, id + 3) === d) return row
    }
  }

  /** Only of a hash whose key is not there. */
  add(hash: number, row: number): void {
    if (this.#size >= (this.#mask + 1) * 0.75) this.#grow()
    this.#place(hash, row)
    this.#size++
  }

  /** Empties the slot of a row that is there and moves up what had to go past it (Knuth, TAOCP vol. 3, 6.4, algorithm R). */
  remove(hash: number, row: number): void {
    const slots = this.#slots
    let hole = this.#home(hash)
    while (slots[hole * 2] !== row) hole = (hole + 1) & this.#mask
    for (let next = (hole + 1) & this.#mask; slots[next * 2] !== noRow; next = (next + 1) & this.#mask) {
      const home = this.#home(slots[next * 2 + 1] as number)
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue
      slots.copyWithin(hole * 2, next * 2, next * 2 + 2)
      hole = next
    }
    slots.fill(0, hole * 2, hole * 2 + 2)
    this.#size--
  }

  #grow(): void {
    const old = this.#slots
    this.#mask = this.#mask * 2 + 1
    this.#slots = new Int32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== noRow) this.#place(old[at + 1] as number, old[at] as number)
    }
  }

  #place(hash: number, row: number): void {
    let slot = this.#home(hash)
    while (this.#slots[slot * 2] !== noRow) slot = (slot + 1) & this.#mask
    this.#slots[slot * 2] = row
    this.#slots[slot * 2 + 1] = hash
  }

  #home(hash: number): number {
    return (hash >>> segmentBits) & this.#mask
  }
}
