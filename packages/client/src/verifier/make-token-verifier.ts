import type { KeySource, VerificationKey } from './make-key-set.ts'
import { makeTokenMemory } from './make-token-memory.ts'
import { type AccessTokenRules, readAccessToken } from './read-access-token.ts'
import type { AccessTokenClaims } from './read-claims.ts'
import type { SigningAlgorithm } from './signature-algorithms.ts'
import type { TokenFault } from './verify-compact-jws.ts'

/** A token whose signature and shape hold. It may have expired: `judgeClaims` says. */
export interface VerifiedToken<Attachment = unknown> {
  readonly claims: AccessTokenClaims
  /** The `kid` of the key that verified it. */
  readonly keyId: string
  /** The caller's own note, kept as long as the token is remembered, such as a principal made from the claims. */
  attachment: Attachment | undefined
}

/** The verdict on signature and shape. */
export type VerificationResult<Attachment = unknown> =
  | { readonly ok: true; readonly token: VerifiedToken<Attachment> }
  | { readonly ok: false; readonly reason: TokenFault }

/** What a verifier is made of. */
export interface TokenVerifierOptions {
  /** Looked into at every verification: a key that has left it verifies nothing, remembered tokens included. */
  readonly keys: KeySource
  readonly algorithms: readonly SigningAlgorithm[]
  /** `exp` − `iat` above this is MALFORMED. */
  readonly maxLifetimeSeconds: number
  /** How many verified tokens are remembered; 0 for none. Default 16,384, about 20 MB at 800 characters each. */
  readonly rememberedTokens?: number
}

/** Verifies access tokens and remembers those that hold. */
export interface TokenVerifier<Attachment = unknown> {
  /** Signature and shape of a compact JWS, without a clock; synchronous, no I/O, never throws. */
  verifySignature(token: string): VerificationResult<Attachment>
}

interface Remembered<Attachment> {
  key: VerificationKey
  readonly result: { readonly ok: true; readonly token: VerifiedToken<Attachment> }
}

const refusals: Record<TokenFault, { readonly ok: false; readonly reason: TokenFault }> = Object.freeze({
  MALFORMED: Object.freeze({ ok: false, reason: 'MALFORMED' }),
  BAD_SIGNATURE: Object.freeze({ ok: false, reason: 'BAD_SIGNATURE' }),
  UNKNOWN_KEY: Object.freeze({ ok: false, reason: 'UNKNOWN_KEY' }),
  WRONG_TYPE: Object.freeze({ ok: false, reason: 'WRONG_TYPE' }),
})

/**
 * Makes a verifier of access tokens (contract §5). A token seen before costs a look-up and a comparison of its text instead of a
 * signature check; what is remembered is only that key, signature and shape hold, never that the token is valid now.
 */
export function makeTokenVerifier<Attachment = unknown>(
  options: TokenVerifierOptions,
): TokenVerifier<Attachment> {
  const { keys, maxLifetimeSeconds } = options
  const rules: AccessTokenRules = {
    keys,
    maxLifetimeSeconds,
    algorithms: new Set(options.algorithms),
    judgedHeaders: new Map(),
  }
  const memory = makeTokenMemory<Remembered<Attachment>>(options.rememberedTokens ?? 16_384)
  return {
    verifySignature(token) {
      // Callers in plain JavaScript hand over what a header held.
      if (typeof token !== 'string') return refusals.MALFORMED
      const remembered = memory.find(token)
      if (remembered !== undefined && isStillKnown(remembered, keys)) return remembered.result
      const read = readAccessToken(token, rules)
      if (typeof read === 'string') return refusals[read]
      const verified = { claims: read.claims, keyId: read.key.keyId, attachment: undefined }
      const result = Object.freeze({ ok: true, token: verified })
      memory.remember(token, { key: read.key, result })
      return result
    },
  }
}

/** Whether the key that verified the token is still the one its `kid` names. */
function isStillKnown<Attachment>(remembered: Remembered<Attachment>, keys: KeySource): boolean {
  const current = keys.find(remembered.key.keyId)
  if (current === remembered.key) return true
  if (current?.algorithm !== remembered.key.algorithm) return false
  if (!current.publicKey.equals(remembered.key.publicKey)) return false
  // The same key from a set that was read again: comparing once per set is enough.
  remembered.key = current
  return true
}
