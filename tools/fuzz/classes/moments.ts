import fc from 'fast-check'
import type { AccessTokenClaims } from '../../../packages/client/src/verifier/read-claims.ts'
import { toMoment } from '../compare-tokens.ts'
import { count, Disagreement, type MakeFuzzClass } from '../fuzz-class.ts'
import { judgeMoment } from '../reference/judge-token.ts'
import { JsonMembers } from '../reference/read-json.ts'
import { BrokenRule, makeInsist, type TokenRule, tokenRules } from '../reference/rules.ts'
import { issuedAt, makeClaims } from '../world.ts'
import { chooseMoment } from './claims.ts'

const offsets = [-31, -30, -2, -1, 0, 1, 2, 30, 31, 600]
const inputs = fc.record(
  {
    claims: fc.nat(59),
    iat: fc.constantFrom(...offsets),
    life: fc.nat(900),
    nbf: fc.option(fc.constantFrom(...offsets), { nil: undefined }),
    moment: fc.nat(9_999),
  },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

const insist = makeInsist()

/** Good claims at moments around their edges, without a signature: the first fault in the contract's order. */
export const makeMomentsClass: MakeFuzzClass<Input> = (world, subject, tally) => ({
  inputs,
  check: (input) => {
    const iat = issuedAt + input.iat
    const nbf = input.nbf === undefined ? undefined : issuedAt + input.nbf
    const { aud, ...made } = makeClaims(input.claims)
    const claims = { ...made, aud: [aud].flat(), iat, exp: iat + 1 + input.life, nbf }
    const moment = chooseMoment(toMoment(world), input.moment)
    const fault = subject.judgeClaims(claims as unknown as AccessTokenClaims, moment)
    const rule = findBrokenRule(claims, moment)
    const expected = rule === undefined ? undefined : tokenRules[rule][1]
    if (fault !== expected) throw new Disagreement(fault, [expected, rule], { claims, moment })
    count(tally, rule)
  },
})

function findBrokenRule(claims: object, moment: Parameters<typeof judgeMoment>[1]): TokenRule | undefined {
  const members = new JsonMembers()
  for (const [name, value] of Object.entries(claims))
    if (value !== undefined) members.members.push([name, value])
  try {
    judgeMoment(members, moment, insist)
    return undefined
  } catch (error) {
    if (error instanceof BrokenRule) return error.rule as TokenRule
    throw error
  }
}
