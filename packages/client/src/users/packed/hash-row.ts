import { hashWords } from '../../verifier/to-uuid-key.ts'
import { type PackedRows, wordAt } from './packed-rows.ts'

/** The hash of the UUID that stands in a row, as its key has it. */
export function hashRow(rows: PackedRows, row: number): number {
  const { id } = wordAt
  return hashWords(rows.word(row, id), rows.word(row, id + 1), rows.word(row, id + 2), rows.word(row, id + 3))
}
