import type { AccessTokenFacts } from './access-tokens.ts'

/** Who issues access tokens, for whom, and how long they live. */
export interface ClaimOptions {
  readonly issuer: string
  readonly audience: string
  readonly ttlMs: number
}

/** The claims of contract §5, in whole seconds: no token outlives its session, but each lives for a second. Pure. */
export function toAccessTokenClaims(facts: AccessTokenFacts, options: ClaimOptions) {
  const { account } = facts
  const iat = Math.floor(facts.issuedAt.getTime() / 1000)
  const end = Math.floor(facts.notAfter.getTime() / 1000)
  return {
    iss: options.issuer,
    aud: options.audience,
    sub: account.id,
    sid: facts.sessionId,
    jti: facts.tokenId,
    iat,
    exp: Math.max(iat + 1, Math.min(iat + Math.floor(options.ttlMs / 1000), end)),
    client_id: facts.clientId,
    roles: account.roles,
    tier: account.subscriptionTier,
    name: account.username,
    tv: account.tokenVersion,
  }
}
