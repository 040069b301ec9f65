import { count, Disagreement, type Tally } from './fuzz-class.ts'
import { judgeToken, type Moment, type TokenTerms } from './reference/judge-token.ts'
import { readKeySet } from './reference/read-key-set.ts'
import { BrokenRule, makeInsist, type TokenRule, tokenRules } from './reference/rules.ts'
import { accepted, type Subject, type TokenJudge } from './subject.ts'
import type { World } from './world.ts'

/** The algorithms that every judge allows. */
export const allowed = ['ES256', 'RS256', 'EdDSA'] as const

const insist = makeInsist()

/** Judges tokens by subject and reference, against the world's keys. */
export interface TokenComparison {
  compare(token: unknown, moment?: Moment): void
  useKeys(jwksJson: string): void
}

/** Makes a comparison of the subject with the reference. */
export function makeTokenComparison(
  world: World,
  subject: Subject,
  tally: Tally,
  rememberedTokens = 0,
): TokenComparison {
  const { jwksJson, maxLifetimeSeconds } = world
  const judge: TokenJudge = subject.makeTokenJudge({
    jwksJson,
    maxLifetimeSeconds,
    algorithms: allowed,
    rememberedTokens,
  })
  const known = new Map<string, TokenTerms>()
  const toKnownTerms = (text: string): TokenTerms => {
    const terms = known.get(text) ?? toTerms(text, maxLifetimeSeconds)
    known.set(text, terms)
    return terms
  }
  let terms = toKnownTerms(jwksJson)
  const usual = toMoment(world)
  let used = jwksJson
  return {
    useKeys(next) {
      if (next === used) return
      used = next
      judge.useKeys(next)
      terms = toKnownTerms(next)
    },
    compare(token, moment = usual) {
      const verdict = judge.judge(token, moment)
      const rule = findBrokenRule(token, terms, moment)
      const expected = rule === undefined ? accepted : tokenRules[rule][1]
      if (verdict !== expected) {
        throw new Disagreement(verdict, `${expected}, ${rule}`, { token, moment, jwks: JSON.parse(used) })
      }
      count(tally, rule)
    },
  }
}

/** The moment at which the world's tokens are good. */
export function toMoment({ nowSeconds, issuer, audience }: World): Moment {
  return { nowSeconds, leewaySeconds: 2, issuer, audience, requiredRoles: ['user'] }
}

function toTerms(jwksJson: string, maxLifetimeSeconds: number): TokenTerms {
  const { keys } = readKeySet(jwksJson, allowed, insist)
  return { keys, algorithms: allowed, maxLifetimeSeconds }
}

function findBrokenRule(token: unknown, terms: TokenTerms, moment: Moment): TokenRule | undefined {
  try {
    judgeToken(token, terms, moment, insist)
    return undefined
  } catch (error) {
    if (error instanceof BrokenRule) return error.rule as TokenRule
    throw error
  }
}
