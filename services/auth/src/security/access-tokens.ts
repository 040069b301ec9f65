import { sign } from 'node:crypto'
import type { SigningAlgorithm } from '@immersiverse/auth-client/verifier'
import type { SessionId } from '../domain/ids.ts'
import type { Account } from '../domain/user.ts'
import type { SigningKey } from './key-ring.ts'
import { type ClaimOptions, toAccessTokenClaims } from './to-access-token-claims.ts'

/** What an access token says. */
export interface AccessTokenFacts {
  readonly account: Pick<Account, 'id' | 'username' | 'roles' | 'subscriptionTier' | 'tokenVersion'>
  readonly sessionId: SessionId
  readonly clientId: string
  readonly tokenId: string
  /** The database's clock in the issuing transaction. */
  readonly issuedAt: Date
  /** The session's absolute end: no token outlives it. */
  readonly notAfter: Date
}

/** A signed token and its end, in whole seconds. */
export interface AccessToken {
  readonly token: string
  readonly expiresAt: Date
}

/** Signs access tokens. */
export interface AccessTokens {
  sign(key: SigningKey, facts: AccessTokenFacts): AccessToken
}

/** RSASSA-PKCS1-v1_5 and Ed25519 take the digest from here; ECDSA signatures are r ‖ s (RFC 7518 §3.4), not DER. */
const digests: Readonly<Record<SigningAlgorithm, string | null>> = Object.freeze({
  ES256: 'sha256',
  RS256: 'sha256',
  EdDSA: null,
})

/** Makes the signer: compact JWS of type `at+jwt` (RFC 9068) with the claims of contract §5. */
export function makeAccessTokens(options: ClaimOptions): AccessTokens {
  let headerOf: SigningKey | undefined
  let header = ''
  return {
    sign(key, facts) {
      if (headerOf !== key) {
        header = toBase64url({ alg: key.algorithm, typ: 'at+jwt', kid: key.id })
        headerOf = key
      }
      const claims = toAccessTokenClaims(facts, options)
      const input = `${header}.${toBase64url(claims)}`
      const how = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const
      const signature = sign(digests[key.algorithm], Buffer.from(input), how)
      return { token: `${input}.${signature.toString('base64url')}`, expiresAt: new Date(claims.exp * 1000) }
    },
  }
}

function toBase64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
