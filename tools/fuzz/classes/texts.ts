import fc from 'fast-check'
import { makeTokenComparison } from '../compare-tokens.ts'
import type { MakeFuzzClass } from '../fuzz-class.ts'

const parts = fc.oneof(
  fc.base64String({ maxLength: 40 }),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('e30', 'eyJhbGciOiJub25lIn0', '', 'bnVsbA', 'W10'),
  fc.json({ maxDepth: 2 }).map((json) => Buffer.from(json).toString('base64url')),
)

const inputs = fc.oneof(
  { weight: 20, arbitrary: fc.array(parts, { maxLength: 5 }).map((list): unknown => list.join('.')) },
  // What a caller without types may hand over.
  { weight: 1, arbitrary: fc.anything({ maxDepth: 1 }) },
)

/** Any text, and values that are none. */
export const makeTextsClass: MakeFuzzClass<unknown> = (world, subject, tally) => {
  const { compare } = makeTokenComparison(world, subject, tally, 16)
  return { inputs, check: (input) => compare(input) }
}
