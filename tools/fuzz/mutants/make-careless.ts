import { allowed } from '../compare-tokens.ts'
import { judgeToken, type TokenTerms } from '../reference/judge-token.ts'
import { type ReferenceKeySet, readKeySet } from '../reference/read-key-set.ts'
import {
  BrokenRule,
  type Insist,
  makeInsist,
  type Rule,
  type TokenRule,
  tokenRules,
} from '../reference/rules.ts'
import { accepted, type Subject, type TokenJudgeOptions, verifier } from '../subject.ts'

const strictly = makeInsist()

/**
 * Makes a subject that ignores some rules: the reference without them. With `when`, only for tokens whose header names such an algorithm.
 */
export function makeCareless(ignored: readonly Rule[], when: (alg: string) => boolean = () => true): Subject {
  const insist = makeInsist(new Set(ignored))
  return {
    ...verifier,
    makeTokenJudge: (options) => {
      let terms = toTerms(options.jwksJson, options)
      return {
        useKeys: (jwksJson) => {
          terms = toTerms(jwksJson, options)
        },
        judge: (token, moment) => {
          try {
            judgeToken(token, terms, moment, when(readAlgorithm(token)) ? insist : strictly)
            return accepted
          } catch (error) {
            if (error instanceof BrokenRule) return tokenRules[error.rule as TokenRule][1]
            throw error
          }
        },
      }
    },
    readKeySet: (jwksJson) => {
      const set = read(jwksJson, insist)
      return set && [...set.keys].map(([keyId, { algorithm }]) => `${keyId} ${algorithm}`)
    },
  }
}

function read(jwksJson: string, insist: Insist): ReferenceKeySet | undefined {
  try {
    return readKeySet(jwksJson, allowed, insist)
  } catch (error) {
    if (error instanceof BrokenRule) return undefined
    throw error
  }
}

function toTerms(jwksJson: string, { algorithms, maxLifetimeSeconds }: TokenJudgeOptions): TokenTerms {
  return { keys: readKeySet(jwksJson, allowed, strictly).keys, algorithms, maxLifetimeSeconds }
}

function readAlgorithm(token: unknown): string {
  try {
    return String(JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString()).alg)
  } catch {
    return ''
  }
}
