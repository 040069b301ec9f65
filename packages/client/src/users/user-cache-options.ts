/** How `auth.users` keeps users in memory. */
export interface UserCacheOptions {
  /**
   * Where users are read: `list` (default) by ListUsers and the events of changes; `kafka` from the compacted topic `auth.state.users`, which costs
   * the auth service nothing, however many services and users there are; that needs `kafka`. Both hold the same promise.
   */
  readonly source?: 'list' | 'kafka'
  /**
   * At most so many users, deleted ones included; those not asked for longest go first, and who is not there is asked for. Default: all users
   * there are, about 120 bytes each.
   */
  readonly maxUsers?: number
  /**
   * When it is not certain that a user in memory is still active, and GetUser does not answer: `refuse` (default) rejects with UNAVAILABLE;
   * `allowStale` answers by memory, counted and logged, but never with a user whose tokens are known to have been revoked since.
   */
  readonly onUnavailable?: 'refuse' | 'allowStale'
}

/** How the cache does. */
export interface UserCacheStatus {
  /** All users that there were have been read, since revocations are followed without a gap; with `isPartial` those that fit. */
  readonly isWarm: boolean
  readonly isPartial: boolean
  /** In memory, deleted ones included. */
  readonly users: number
  /** Changes are being told. Where they are not, users are asked for. */
  readonly isFed: boolean
  /** How reads were answered since the start. */
  readonly counts: UserCacheCounts
}

/** Reads by how they were answered. */
export interface UserCacheCounts {
  readonly memory: number
  readonly asked: number
  readonly allowedStale: number
  readonly unavailable: number
}
