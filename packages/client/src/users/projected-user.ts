import { UserStatus } from '@immersiverse/auth-contract'
import type { UserStateRecord } from '../events/decode-user-state.ts'

/** A user as a row of a service's own table. */
export interface ProjectedUser {
  /** UUIDv7. */
  readonly id: string
  /** Versions compare within an epoch only. */
  readonly epoch: string
  readonly version: bigint
  readonly isDeleted: boolean
  /** `ACTIVE`, `SUSPENDED` …; `DELETED` for who is; `UNSPECIFIED` where the newest state is not known. */
  readonly status: string
  /** Undefined where the user was deleted, or the newest state is not known. */
  readonly username: string | undefined
  readonly displayName: string | undefined
  readonly roles: readonly string[]
  readonly subscriptionTier: string
}

const unspecified = UserStatus[UserStatus.UNSPECIFIED]

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What a record says of a user, as a row; undefined where its key is no user's id. Nothing personal is left of who was deleted. */
export function toProjectedUser(
  said: Exclude<UserStateRecord, { readonly kind: 'heartbeat' }>,
): ProjectedUser | undefined {
  if (said.kind === 'changed') {
    const { id, username, displayName, status, roles, subscriptionTier, version } = said.user
    if (!uuid.test(id)) return undefined
    const name = UserStatus[status] ?? String(status)
    const facts = { username, displayName, status: name, roles, subscriptionTier }
    return { id, epoch: said.epoch, version, isDeleted: false, ...facts }
  }
  const { epoch, userId: id, version } = said
  if (!uuid.test(id)) return undefined
  const isDeleted = said.kind === 'deleted'
  const status = isDeleted ? 'DELETED' : unspecified
  const facts = { username: undefined, displayName: undefined, roles: [], subscriptionTier: '' }
  return { id, epoch, version, isDeleted, status, ...facts }
}

/**
 * Whether a row takes the place of another of the same user. Within an epoch deleted wins, then the higher version, then what is known: whatever
 * the order and repetition of rows, the same one remains. A row of another epoch gives way.
 */
export function isNewer(row: ProjectedUser, known: ProjectedUser): boolean {
  if (known.epoch !== row.epoch) return true
  if (known.isDeleted || row.isDeleted) return !known.isDeleted
  if (row.version !== known.version) return row.version > known.version
  return known.status === unspecified && row.status !== unspecified
}
