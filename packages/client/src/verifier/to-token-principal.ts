import { freezePrincipal } from '../freeze-principal.ts'
import type { Principal } from '../principal.ts'
import type { AccessTokenClaims } from './read-claims.ts'

/** The principal that a token's claims name, frozen: the same that ValidateToken answers. */
export function toTokenPrincipal(claims: AccessTokenClaims): Principal {
  return freezePrincipal({
    userId: claims.sub,
    sessionId: claims.sid,
    roles: claims.roles,
    subscriptionTier: claims.tier,
    username: claims.name,
    clientId: claims.client_id,
    issuedMs: claims.iat * 1000,
    expiresMs: claims.exp * 1000,
    tokenId: claims.jti,
  })
}
