import { noRow, type PackedRows, wordAt } from './packed-rows.ts'

/** Rows in the order in which they were used last: a list through the rows themselves. */
export class RowOrder {
  readonly #rows: PackedRows
  #oldest = noRow
  #newest = noRow

  constructor(rows: PackedRows) {
    this.#rows = rows
  }

  /** `noRow` where there are none. */
  get oldest(): number {
    return this.#oldest
  }

  /** Adds a row as the newest. */
  add(row: number): void {
    this.#rows.setWord(row, wordAt.older, this.#newest)
    this.#rows.setWord(row, wordAt.newer, noRow)
    if (this.#newest === noRow) this.#oldest = row
    else this.#rows.setWord(this.#newest, wordAt.newer, row)
    this.#newest = row
  }

  remove(row: number): void {
    const older = this.#rows.word(row, wordAt.older)
    const newer = this.#rows.word(row, wordAt.newer)
    if (older === noRow) this.#oldest = newer
    else this.#rows.setWord(older, wordAt.newer, newer)
    if (newer === noRow) this.#newest = older
    else this.#rows.setWord(newer, wordAt.older, older)
  }
}
