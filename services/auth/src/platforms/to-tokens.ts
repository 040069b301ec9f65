import type { TokenEndpointResponse } from 'openid-client'
import type { PlatformTokens } from './platform.ts'
import { PlatformError } from './platform-error.ts'
import type { PlatformFacts } from './platform-facts.ts'

/** Of one token; the largest that platforms document has 2048. */
const tokenMaxLength = 16_384
/** No grant outlives it without being renewed, and the database can add it to a date. */
const longestMs = 366 * 86_400_000
const scopesMax = 100
/** RFC 6749 §3.3. */
const scopeShape = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/

/** Tokens as an answer of the token endpoint has them, within what can be kept. Throws PlatformError UNAVAILABLE for a token that cannot. */
export function toTokens(facts: PlatformFacts, answer: TokenEndpointResponse): PlatformTokens {
  const { access_token: accessToken, refresh_token: refreshToken, scope, expires_in: seconds } = answer
  if (accessToken.length > tokenMaxLength || (refreshToken?.length ?? 0) > tokenMaxLength) {
    throw new PlatformError(
      'UNAVAILABLE',
      `${facts.name} gives a token of more than ${tokenMaxLength} characters`,
    )
  }
  return {
    accessToken,
    refreshToken,
    // A token that is over at once is none: 0 says nothing.
    lifetimeMs: seconds ? Math.min(seconds * 1000, longestMs) : facts.accessTokenMs,
    scopes: scope === undefined ? undefined : toScopes(scope),
  }
}

function toScopes(scope: string): string[] {
  return scope
    .split(/[\s,]+/)
    .filter((one) => scopeShape.test(one))
    .slice(0, scopesMax)
}
