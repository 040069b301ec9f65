import { isRevokedBy } from '../../packages/client/src/verifier/is-revoked-by.ts'
import { judgeClaims } from '../../packages/client/src/verifier/judge-claims.ts'
import { KeySetError, type KeySource, makeKeySet } from '../../packages/client/src/verifier/make-key-set.ts'
import {
  makeRevocationView,
  type RevocationView,
} from '../../packages/client/src/verifier/make-revocation-view.ts'
import { makeTokenVerifier } from '../../packages/client/src/verifier/make-token-verifier.ts'
import { parseJsonObject } from '../../packages/client/src/verifier/parse-json-object.ts'
import { readRecord } from './read-record.ts'
import type { Moment } from './reference/judge-token.ts'

/** What a token is: accepted, or the first reason against it. */
export type TokenVerdict = string

/** Judges tokens against one set of keys, which may be swapped. */
export interface TokenJudge {
  judge(token: unknown, moment: Moment): TokenVerdict
  /** Swaps the keys that tokens are judged by. */
  useKeys(jwksJson: string): void
}

/** How a judge is made. */
export interface TokenJudgeOptions {
  readonly jwksJson: string
  readonly algorithms: readonly ('ES256' | 'RS256' | 'EdDSA')[]
  readonly maxLifetimeSeconds: number
  readonly rememberedTokens: number
}

/** What is put to the test: the verifier, or a planted bug. */
export interface Subject {
  makeTokenJudge(options: TokenJudgeOptions): TokenJudge
  /** `kid alg` of each key in order; undefined for a set that must not be used. */
  readKeySet(jwksJson: string): readonly string[] | undefined
  /** Whether bytes are a JSON object. */
  readsJson(bytes: Uint8Array): boolean
  readonly judgeClaims: typeof judgeClaims
  makeView(limits: { readonly maxEntries?: number; readonly skewSeconds: number }): RevocationView
  readonly isRevokedBy: typeof isRevokedBy
  readonly readRecord: typeof readRecord
}

/** What a token that has no fault is called. */
export const accepted = 'ACCEPTED'

/** The verifier of the client package. */
export const verifier: Subject = Object.freeze({
  makeTokenJudge,
  readKeySet(jwksJson: string) {
    try {
      const set = makeKeySet(jwksJson)
      return set.keyIds.map((keyId) => `${keyId} ${set.find(keyId)?.algorithm}`)
    } catch (error) {
      if (error instanceof KeySetError) return undefined
      throw error
    }
  },
  readsJson: (bytes: Uint8Array) => parseJsonObject(bytes) !== undefined,
  judgeClaims,
  makeView: makeRevocationView,
  isRevokedBy,
  readRecord,
})

function makeTokenJudge(options: TokenJudgeOptions): TokenJudge {
  const { algorithms, maxLifetimeSeconds, rememberedTokens } = options
  let current: KeySource = makeKeySet(options.jwksJson)
  const keys = { find: (keyId: string) => current.find(keyId) }
  const tokens = makeTokenVerifier({ keys, algorithms, maxLifetimeSeconds, rememberedTokens })
  return {
    useKeys: (jwksJson) => {
      current = makeKeySet(jwksJson)
    },
    judge: (token, moment) => {
      const result = tokens.verifySignature(token as string)
      return result.ok ? (judgeClaims(result.token.claims, moment) ?? accepted) : result.reason
    },
  }
}
