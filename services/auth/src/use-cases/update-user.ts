import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import type { UserId } from '../domain/ids.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import {
  findEffectiveChanges,
  toChangedFields,
  toRevocationEffect,
  type User,
  type UserChanges,
} from '../domain/user.ts'
import {
  displayNameRule,
  emailRule,
  findViolation,
  makePasswordRule,
  rolesRule,
  tierRule,
} from '../domain/user-fields.ts'
import { UniqueViolation } from '../store/driver-errors.ts'
import { endUserSessions } from '../store/sessions.ts'
import { findAccount, lockAccount, updateUser as writeChanges } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { assertNewPassword } from './assert-new-password.ts'
import { toAuditedUser } from './audited.ts'
import { forgetFailures } from './forget-failures.ts'
import { requireBelow } from './require-below.ts'
import { requireUserId } from './require-user-id.ts'
import { toRevokedUser } from './to-revoked.ts'
import { toUserUpdated } from './user-updated.ts'

type UpdateDeps = Pick<
  Deps,
  'database' | 'write' | 'passwords' | 'passwordPolicy' | 'settings' | 'throttle' | 'log'
>

/** The wished changes; fields that are not there stay. */
export interface UpdateUserInput {
  readonly userId: string
  readonly changes: Omit<UserChanges, 'passwordHash'> & { readonly password?: string }
  /** 0: any. */
  readonly expectedVersion: number
}

/** The user after the change, and what it revoked. */
export interface UpdatedUser {
  readonly user: User
  readonly revocation: RevocationMark
}

/** What people may change over the edge, of themselves and, as operators, of others. Whose password or e-mail one sets, one can log in as. */
export const changeableFields: Readonly<Record<'self' | 'operator', readonly string[]>> = Object.freeze({
  self: ['email', 'displayName'],
  operator: ['displayName', 'status'],
})

/**
 * Changes a user; suspension, new roles and a new password revoke in the same transaction (protocols.md §0).
 * @throws AuthError NOT_SELF, FIELD_NOT_ALLOWED, INVALID_FIELD, USER_NOT_FOUND, VERSION_MISMATCH, EMAIL_TAKEN, HASHING_BUSY.
 */
export async function updateUser(
  deps: UpdateDeps,
  caller: Caller,
  input: UpdateUserInput,
): Promise<UpdatedUser> {
  const userId = requireUserId(caller, input.userId, 'operator')
  requireFields(caller, userId, input)
  assertUpdate(deps, input)
  const { password, ...rest } = input.changes
  const changes =
    password === undefined
      ? rest
      : { ...rest, passwordHash: await hashNew(deps, caller, userId, input.changes) }
  try {
    const updated = await change(deps, caller, userId, changes, input.expectedVersion)
    if (password !== undefined) await forgetFailures(deps, updated.user)
    return updated
  } catch (error) {
    if (error instanceof UniqueViolation) throw new AuthError('EMAIL_TAKEN')
    throw error
  }
}

async function hashNew(
  deps: UpdateDeps,
  caller: Caller,
  userId: UserId,
  { password = '', ...changes }: UpdateUserInput['changes'],
): Promise<string> {
  const account = await findAccount(deps.database.kysely, { by: 'id', value: userId })
  if (account === undefined) throw new AuthError('USER_NOT_FOUND')
  await assertNewPassword(deps, 'password', password, { ...account, ...changes })
  return await deps.passwords.hash(password, caller.origin)
}

function requireFields(caller: Caller, userId: UserId, input: UpdateUserInput): void {
  if (caller.kind === 'service') return
  const isSelf = caller.kind === 'user' && caller.userId === userId
  const allowed = changeableFields[isSelf ? 'self' : 'operator']
  const refused = Object.keys(input.changes).find((field) => !allowed.includes(field))
  if (refused !== undefined) throw new AuthError('FIELD_NOT_ALLOWED', { metadata: { field: refused } })
}

function assertUpdate(deps: UpdateDeps, { changes, expectedVersion }: UpdateUserInput): void {
  assertFields(
    findViolation('email', changes.email, emailRule),
    findViolation('display_name', changes.displayName, displayNameRule),
    findViolation('subscription_tier', changes.subscriptionTier, tierRule),
    findViolation('roles', changes.roles, rolesRule),
    findViolation('password', changes.password, makePasswordRule(deps.settings.passwordMinLength)),
  )
  if (expectedVersion < 0) throw invalidField('expected_version', 'must not be negative')
}

async function change(
  deps: UpdateDeps,
  caller: Caller,
  userId: UserId,
  wished: UserChanges,
  expectedVersion: number,
): Promise<UpdatedUser> {
  return await deps.write(caller.origin, async (trx, announce, revoke, record) => {
    const before = await lockAccount(trx, userId, 'update')
    if (before === undefined) throw new AuthError('USER_NOT_FOUND')
    requireBelow(caller, before)
    if (expectedVersion !== 0 && before.version !== expectedVersion) {
      throw new AuthError('VERSION_MISMATCH', { metadata: { version: String(before.version) } })
    }
    const changes = findEffectiveChanges(before, wished)
    if (Object.keys(changes).length === 0) return { user: before, revocation: await revoke() }
    const { reason, endsSessions } = toRevocationEffect(changes)
    const after = await writeChanges(trx, userId, changes, reason !== undefined)
    if (endsSessions) await endUserSessions(trx, userId)
    const changedFields = toChangedFields(changes)
    await Promise.all([
      announce(toUserUpdated(after, changes)),
      record(caller, { action: 'user.update', ...toAuditedUser(userId), changedFields }),
    ])
    return { user: after, revocation: await revoke(...(reason ? [toRevokedUser(after, reason)] : [])) }
  })
}
