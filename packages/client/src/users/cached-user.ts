import type { UserStatus } from '@immersiverse/auth-contract'

/**
 * A user as caches hold it: what events tell. No event carries an e-mail address, so there is none, and no times; who needs those asks
 * GetUser. A `User` is one too.
 */
export interface CachedUser {
  /** UUIDv7. */
  readonly id: string
  readonly username: string
  readonly displayName: string
  readonly status: UserStatus
  readonly roles: readonly string[]
  /** Such as `FREE`; empty until the subscription service has set one. */
  readonly subscriptionTier: string
  /** Rises by one with every change. */
  readonly version: bigint
}
