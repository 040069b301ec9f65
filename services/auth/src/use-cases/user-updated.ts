import { UserStatus } from '@immersiverse/auth-contract'
import type { UserEvent } from '../domain/events.ts'
import { type Account, toChangedFields, type UserChanges } from '../domain/user.ts'

/** The event that tells of changes: names of fields, values only of what is public. */
export function toUserUpdated(after: Account, changes: UserChanges): UserEvent {
  return {
    name: 'user_updated',
    userId: after.id,
    data: {
      userId: after.id,
      userVersion: BigInt(after.version),
      username: after.username,
      displayName: after.displayName,
      status: UserStatus[after.status],
      roles: [...after.roles],
      subscriptionTier: after.subscriptionTier,
      changedFields: toChangedFields(changes),
    },
  }
}
