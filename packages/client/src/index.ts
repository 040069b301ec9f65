export type { Access, AccessRules } from './access.ts'
export { AuthError, type AuthErrorCode, type AuthErrorReason } from './auth-error.ts'
export {
  type Auth,
  type AuthStatus,
  type ConnectAuthOptions,
  connectAuth,
  type LiveCallOptions,
} from './connect-auth.ts'
export {
  type DeadLetter,
  DeadLetterError,
  type EventInfo,
  type EventSubscription,
  type KafkaOptions,
  makeMemoryInbox,
  makePostgresInbox,
  openPositionFile,
  type PositionStore,
} from './events/index.ts'
export { RpcError } from './grpc/index.ts'
export type { LiveCall, LiveCallsStatus } from './live/live-call.ts'
export type { Logger } from './logger.ts'
export type { MetricsRegistry } from './metrics/register-metrics.ts'
export type { LocalVerificationStatus } from './open-local-verification.ts'
export type { Principal } from './principal.ts'
export {
  type CachedUser,
  type CachedUsers,
  makePostgresUserProjection,
  type PostgresUserProjection,
  type UserCacheOptions,
  type UserCacheStatus,
  type UserFollowing,
  type UserFollowingStatus,
  type UserProjection,
  type Users,
} from './users/index.ts'
export type { Verify, VerifyOptions } from './verify.ts'
export type { VerifyToken, VerifyTokenOptions } from './verify-token.ts'
