import type {
  AccessTokenClaims,
  KeySource,
  LocalToken,
  TokenVerifier,
  VerificationResult,
} from '@immersiverse/auth-client/verifier'
import { readClaims } from '../../../packages/client/src/verifier/read-claims.ts'
import type { AccessTokens } from '../../../services/auth/src/security/access-tokens.ts'
import {
  type ClaimOptions,
  toAccessTokenClaims,
} from '../../../services/auth/src/security/to-access-token-claims.ts'

/** Signs access tokens like the service, claims and all, with a keyed checksum for a signature: cryptography is not what is simulated. */
export function makeFastAccessTokens(options: ClaimOptions): AccessTokens {
  return {
    sign(key, facts) {
      const claims = toAccessTokenClaims(facts, options)
      const input = `${key.id}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
      return { token: `${input}.${toChecksum(input)}`, expiresAt: new Date(claims.exp * 1000) }
    },
  }
}

/** Verifies what {@link makeFastAccessTokens} has signed, and remembers it as the real verifier does. */
export function makeFastTokenVerifier(
  maxLifetimeSeconds: number,
  keys: KeySource,
  refusesUnknownKeys = false,
): TokenVerifier<LocalToken> {
  const remembered = new Map<string, VerificationResult<LocalToken>>()
  return {
    verifySignature(token) {
      const keyId = token.slice(0, token.indexOf('.'))
      if (keys.find(keyId) === undefined) {
        return { ok: false, reason: refusesUnknownKeys ? 'BAD_SIGNATURE' : 'UNKNOWN_KEY' }
      }
      const known = remembered.get(token)
      if (known !== undefined) return known
      const result = verify(token, keyId, maxLifetimeSeconds)
      if (result.ok) remembered.set(token, result)
      return result
    },
  }
}

/** The claims of a token that was just signed. Throws where it is none. */
export function getClaims(token: string): AccessTokenClaims {
  const result = verify(token, '', Number.MAX_SAFE_INTEGER)
  if (!result.ok) throw new Error(`no token: ${result.reason}`)
  return result.token.claims
}

function verify(token: string, keyId: string, maxLifetimeSeconds: number): VerificationResult<LocalToken> {
  const read = readSigned(token)
  if (typeof read === 'string') return { ok: false, reason: read }
  if (read.exp - read.iat > maxLifetimeSeconds) return { ok: false, reason: 'MALFORMED' }
  return { ok: true, token: { claims: read, keyId, attachment: undefined } }
}

const readBefore = new Map<string, AccessTokenClaims>()
const readBeforeMax = 4096

/** What a text says is always the same, whichever process reads it: each is read once. */
function readSigned(token: string): AccessTokenClaims | 'BAD_SIGNATURE' | 'MALFORMED' {
  const known = readBefore.get(token)
  if (known !== undefined) return known
  const end = token.lastIndexOf('.')
  const input = token.slice(0, end)
  if (toChecksum(input) !== token.slice(end + 1)) return 'BAD_SIGNATURE'
  const payload = Buffer.from(input.slice(input.indexOf('.') + 1), 'base64url')
  const claims = readClaims(payload, Number.MAX_SAFE_INTEGER)
  if (claims === undefined) return 'MALFORMED'
  if (readBefore.size >= readBeforeMax) readBefore.clear()
  readBefore.set(token, claims)
  return claims
}

/** FNV-1a with a secret beginning. */
function toChecksum(text: string): string {
  let sum = 0x5ec2e7
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193)
  return (sum >>> 0).toString(36)
}
