import type { AccessTokenClaims } from './read-claims.ts'
import type { RevocationEntry } from './revocation.ts'

/** Whether one entry revokes a token with these claims, signed by the key `keyId`. Pure. */
export function isRevokedBy(entry: RevocationEntry, claims: AccessTokenClaims, keyId: string): boolean {
  switch (entry.type) {
    case 'token':
      return entry.subject === claims.jti
    case 'session':
      return entry.subject === claims.sid
    case 'user':
      return entry.subject === claims.sub && claims.tv < entry.minTv
    case 'key':
      return entry.subject === keyId
    case 'issuer':
      return entry.subject === claims.iss && claims.iat <= entry.until
  }
}
