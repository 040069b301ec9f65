export { type Clock, type ClockReading, systemClock } from './clock.ts'
export type { Doubt, FreshnessStatus } from './freshness-status.ts'
export { type ClaimFault, type ClaimRules, judgeClaims } from './judge-claims.ts'
export type { LocalToken } from './local-token.ts'
export { type Fallback, type FallbackOptions, makeFallback } from './make-fallback.ts'
export { type Freshness, type FreshnessOptions, makeFreshness } from './make-freshness.ts'
export { type KeySet, KeySetError, type KeySource, makeKeySet, type VerificationKey } from './make-key-set.ts'
export {
  type LocalVerify,
  type LocalVerifyCounts,
  type LocalVerifyOptions,
  type LocalVerifyParts,
  makeLocalVerify,
} from './make-local-verify.ts'
export {
  makeRevocationView,
  type RevocationView,
  type RevocationViewOptions,
} from './make-revocation-view.ts'
export {
  makeTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
  type VerificationResult,
  type VerifiedToken,
} from './make-token-verifier.ts'
export type { TimeSample } from './measure-offset.ts'
export {
  openRevocationFollower,
  type RevocationFollowerOptions,
} from './open-revocation-follower.ts'
export { type JsonObject, parseJsonObject } from './parse-json-object.ts'
export { type AccessTokenRules, type ReadAccessToken, readAccessToken } from './read-access-token.ts'
export type { AccessTokenClaims } from './read-claims.ts'
export {
  type Heartbeat,
  type LogDoubt,
  type Revocation,
  RevocationDoubt,
  type RevocationEntry,
  type RevocationMark,
  type RevocationSource,
  type RevocationStatus,
  type SnapshotPart,
} from './revocation.ts'
export type { RevocationFollower, RevocationFollowerStatus, RevocationState } from './revocation-state.ts'
export {
  type SignatureAlgorithm,
  type SigningAlgorithm,
  signatureAlgorithms,
  signingAlgorithms,
} from './signature-algorithms.ts'
export { type TokenSubjects, toTokenSubjects } from './to-token-subjects.ts'
export { type JwsRules, type TokenFault, type VerifiedJws, verifyCompactJws } from './verify-compact-jws.ts'
