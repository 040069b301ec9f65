import type { VerificationKey } from './make-key-set.ts'
import { type AccessTokenClaims, readClaims } from './read-claims.ts'
import type { SigningAlgorithm } from './signature-algorithms.ts'
import { type JwsRules, type TokenFault, verifyCompactJws } from './verify-compact-jws.ts'

/** What an access token must be signed with, and how long it may live. */
export interface AccessTokenRules extends Pick<JwsRules, 'keys' | 'judgedHeaders'> {
  /** Of those that can be verified the ones that access tokens may have. */
  readonly algorithms: ReadonlySet<SigningAlgorithm>
  /** `exp` − `iat` above this is MALFORMED. */
  readonly maxLifetimeSeconds: number
}

/** An access token whose signature and shape hold; whether it is valid *now* is `judgeClaims`'s to say. */
export interface ReadAccessToken {
  readonly key: VerificationKey
  readonly claims: AccessTokenClaims
}

const accessTokenType = /^(?:application\/)?at\+jwt$/i

/**
 * Verifies an access token's form, type, signature and claims without a clock (RFC 9068 §4, RFC 8725): the token, or its first fault in
 * that order. Synchronous, no I/O, remembers nothing but headers in `judgedHeaders`.
 */
export function readAccessToken(token: string, rules: AccessTokenRules): ReadAccessToken | TokenFault {
  const { keys, algorithms, judgedHeaders } = rules
  const jws = verifyCompactJws(token, { keys, algorithms, judgedHeaders, isType })
  if (typeof jws === 'string') return jws
  const claims = readClaims(jws.payload, rules.maxLifetimeSeconds)
  return claims === undefined ? 'MALFORMED' : { key: jws.key, claims }
}

/** RFC 9068 §2.1: `at+jwt`, or with the `application/` that RFC 7515 §4.1.9 lets senders omit; media types ignore case. */
function isType(typ: unknown): boolean {
  return typeof typ === 'string' && accessTokenType.test(typ)
}
