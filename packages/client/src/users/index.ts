export type { CachedUser } from './cached-user.ts'
export {
  makePostgresUserProjection,
  type PostgresUserProjection,
  type PostgresUserProjectionOptions,
} from './make-postgres-user-projection.ts'
export type { GetUserOptions, Users } from './make-users.ts'
export { type CachedUsers, openCachedUsers } from './open-cached-users.ts'
export type { UserFollowing, UserFollowingStatus } from './open-user-following.ts'
export type { ProjectedUser } from './projected-user.ts'
export type { UserCacheCounts, UserCacheOptions, UserCacheStatus } from './user-cache-options.ts'
export type {
  PartitionStep,
  ProjectedPartition,
  ProjectionBatch,
  ProjectionStart,
  ProjectionState,
  ProjectionWriter,
  UserProjection,
} from './user-projection.ts'
export type { UserChanges, UserStateSource } from './user-state-source.ts'
