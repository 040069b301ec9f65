import type { AccessTokenClaims } from './read-claims.ts'

/** Why a correctly signed token is not good here and now, by the names of `auth.v1.ValidationReason`. */
export type ClaimFault = 'EXPIRED' | 'WRONG_ISSUER' | 'WRONG_AUDIENCE' | 'NOT_YET_VALID' | 'MISSING_ROLE'

/** What a token is judged against. */
export interface ClaimRules {
  /** Exact `iss`. */
  readonly issuer: string
  /** Must be in `aud`. */
  readonly audience: string
  /** Unix seconds; fractions count. */
  readonly nowSeconds: number
  /** How far the clocks of issuer and judge may be apart: 0 to 30. */
  readonly leewaySeconds: number
  /** Must all be in `roles`. */
  readonly requiredRoles: readonly string[]
}

const leewayMaxSeconds = 30

/**
 * Judges claims at a moment (RFC 9068 §4): the first fault in the contract's order, or undefined where there is none. Pure.
 * Throws RangeError for a leeway outside 0 to 30 s or a clock that is not a number: both are faults of the program, not of the token.
 */
export function judgeClaims(claims: AccessTokenClaims, rules: ClaimRules): ClaimFault | undefined {
  const { nowSeconds, leewaySeconds } = rules
  if (!(leewaySeconds >= 0 && leewaySeconds <= leewayMaxSeconds))
    throw new RangeError('leewaySeconds is not 0 to 30')
  if (!Number.isFinite(nowSeconds)) throw new RangeError('nowSeconds is not a time')
  // RFC 7519 §4.1.4: not accepted *on* or after exp.
  if (nowSeconds - leewaySeconds >= claims.exp) return 'EXPIRED'
  if (claims.iss !== rules.issuer) return 'WRONG_ISSUER'
  if (!claims.aud.includes(rules.audience)) return 'WRONG_AUDIENCE'
  const latestStart = nowSeconds + leewaySeconds
  if (claims.iat > latestStart || (claims.nbf ?? 0) > latestStart) return 'NOT_YET_VALID'
  for (const role of rules.requiredRoles) if (!claims.roles.includes(role)) return 'MISSING_ROLE'
  return undefined
}
