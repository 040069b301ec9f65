import type { UserId } from './ids.ts'

/** Whether a user may act; a deleted one stays as a tombstone without personal data. */
export type UserStatus = 'ACTIVE' | 'SUSPENDED' | 'DELETED'

/** An account as others see it. */
export interface User {
  readonly id: UserId
  readonly username: string
  readonly email: string
  readonly displayName: string
  readonly status: Exclude<UserStatus, 'DELETED'>
  readonly roles: readonly string[]
  readonly subscriptionTier: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly lastLoginAt: Date | undefined
  /** Starts at 1 and rises by one with every change. */
  readonly version: number
}

/** What the service itself knows of a living account. */
export interface Account extends User {
  readonly passwordHash: string
  /** Rises with every new password: what was verified outside a transaction is compared inside it. */
  readonly passwordVersion: number
  /** Token version: access tokens with a lower one are revoked. */
  readonly tokenVersion: number
}

/** Fields that an update may set. */
export interface UserChanges {
  readonly email?: string
  readonly displayName?: string
  readonly status?: 'ACTIVE' | 'SUSPENDED'
  readonly subscriptionTier?: string
  readonly roles?: readonly string[]
  readonly passwordHash?: string
}

/** The changes that would really change something; a password always does. */
export function findEffectiveChanges(account: Account, changes: UserChanges): UserChanges {
  const entries = Object.entries(changes).filter(([field, value]) => {
    const present = account[field as keyof UserChanges]
    return Array.isArray(value) ? !isSameSet(value, present as readonly string[]) : value !== present
  })
  return Object.fromEntries(entries)
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}

/** What changes to a user do to tokens already out (protocols.md §0). */
export interface RevocationEffect {
  /** Why the token version rises, so that access tokens that are out end; undefined where it does not. */
  readonly reason: 'USER_SUSPENDED' | 'PASSWORD_CHANGED' | 'ROLES_CHANGED' | undefined
  /** Sessions end, and with them refresh tokens. */
  readonly endsSessions: boolean
}

/** Says what a set of effective changes revokes, and for the strongest of several reasons. */
export function toRevocationEffect(changes: UserChanges): RevocationEffect {
  if (changes.status === 'SUSPENDED') return { reason: 'USER_SUSPENDED', endsSessions: true }
  if (changes.passwordHash !== undefined) return { reason: 'PASSWORD_CHANGED', endsSessions: true }
  return { reason: changes.roles === undefined ? undefined : 'ROLES_CHANGED', endsSessions: false }
}

const changeNames: Readonly<Record<keyof UserChanges, string>> = Object.freeze({
  email: 'email',
  displayName: 'display_name',
  status: 'status',
  subscriptionTier: 'subscription_tier',
  roles: 'roles',
  passwordHash: 'password',
})

/** The names of changed fields as events carry them, such as `display_name`. */
export function toChangedFields(changes: UserChanges): string[] {
  return (Object.keys(changes) as (keyof UserChanges)[]).map((field) => changeNames[field])
}
