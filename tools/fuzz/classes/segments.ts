import fc from 'fast-check'
import { makeTokenComparison } from '../compare-tokens.ts'
import type { MakeFuzzClass } from '../fuzz-class.ts'
import { editToken, tokenEdits } from '../token-edits.ts'

const inputs = fc.record(
  { token: fc.nat(99_999), edits: fc.array(tokenEdits, { maxLength: 3 }) },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

/** Good tokens whose text was changed: bits, characters, base64url, parts, other serialisations. */
export const makeSegmentsClass: MakeFuzzClass<Input> = (world, subject, tally) => {
  const { compare } = makeTokenComparison(world, subject, tally)
  return {
    inputs,
    check: ({ token, edits }) => {
      const { pool } = world
      const text = pool[token % pool.length]?.text ?? ''
      compare(editToken(text, edits, pool[(token + 1) % pool.length]?.text ?? ''))
    },
  }
}
