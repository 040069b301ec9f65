import fc from 'fast-check'
import { makeTokenComparison } from '../compare-tokens.ts'
import type { MakeFuzzClass } from '../fuzz-class.ts'
import { editToken, tokenEdits } from '../token-edits.ts'
import type { World } from '../world.ts'

const inputs = fc.record(
  {
    token: fc.nat(99_999),
    // Mostly none: the token as it is remembered.
    edits: fc.array(tokenEdits, { maxLength: 2 }),
    part: fc.constantFrom('front', 'whole'),
    keys: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
  },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

/** Characters that tokens are remembered by, and a few more. */
const tail = 48
const rememberedTokens = 64

/**
 * Tokens and their siblings, which differ before the tail they are remembered by, asked of one verifier that remembers and forgets, while
 * keys come, go and are replaced.
 */
export const makeMemoryClass: MakeFuzzClass<Input> = (world, subject, tally) => {
  const sets = toKeySets(world)
  const { compare, useKeys } = makeTokenComparison(world, subject, tally, rememberedTokens)
  const pool = world.pool.filter(({ key }) => key.algorithm === 'RS256').slice(0, 80)
  return {
    inputs,
    check: ({ token, edits, part, keys }) => {
      useKeys(sets[keys] ?? world.jwksJson)
      const text = pool[token % pool.length]?.text ?? ''
      const other = pool[(token + 1) % pool.length]?.text ?? ''
      const kept = part === 'front' ? text.slice(-tail) : ''
      compare(editToken(text.slice(0, text.length - kept.length), edits, other) + kept)
    },
  }
}

/** The world's set, without RSA keys, with keys of the same kid and kind exchanged, and with the kids of two kinds exchanged. */
function toKeySets({ keys, strangers, jwksJson }: World): readonly string[] {
  const toJson = (jwks: readonly object[]) => JSON.stringify({ keys: jwks })
  const exchanged = keys.map(({ jwk, keyId }) => strangers.find((other) => other.keyId === keyId)?.jwk ?? jwk)
  const renamed = { 'k-rs': 'k-ed', 'k-ed': 'k-rs' } as Readonly<Record<string, string>>
  return [
    jwksJson,
    toJson(keys.filter(({ algorithm }) => algorithm !== 'RS256').map(({ jwk }) => jwk)),
    toJson(exchanged),
    toJson(keys.map(({ jwk, keyId }) => ({ ...jwk, kid: renamed[keyId] ?? keyId }))),
  ]
}
