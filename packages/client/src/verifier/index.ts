export type { SigningAlgorithm } from './is-signature-valid.ts'
export { type ClaimFault, type ClaimRules, judgeClaims } from './judge-claims.ts'
export { type KeySet, KeySetError, type KeySource, makeKeySet, type VerificationKey } from './make-key-set.ts'
export {
  makeTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
  type VerificationResult,
  type VerifiedToken,
} from './make-token-verifier.ts'
export { type AccessTokenRules, type ReadAccessToken, readAccessToken } from './read-access-token.ts'
export type { AccessTokenClaims } from './read-claims.ts'
export type { TokenFault } from './verify-compact-jws.ts'
