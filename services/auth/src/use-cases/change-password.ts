import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findSessionId } from '../domain/ids.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import { findViolation, makePasswordRule, typedPasswordRule } from '../domain/user-fields.ts'
import { endUserSessions } from '../store/sessions.ts'
import { findAccount, lockAccount, updateUser } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { assertNewPassword } from './assert-new-password.ts'
import { requireUserId } from './require-user-id.ts'
import { toRevokedUser } from './to-revoked.ts'
import { toUserUpdated } from './user-updated.ts'
import { withFailureFloor } from './with-failure-floor.ts'

type ChangeDeps = Pick<Deps, 'clock' | 'database' | 'write' | 'passwords' | 'passwordPolicy' | 'settings'>

/** The present password, the new one, and the session that stays (empty: none). */
export interface ChangePasswordInput {
  readonly userId: string
  readonly currentPassword: string
  readonly newPassword: string
  readonly keepSessionId: string
}

const refusals = new Set(['INVALID_CREDENTIALS'] as const)

/**
 * Changes a password; access tokens end, sessions end but the one kept.
 * @throws AuthError NOT_SELF, INVALID_FIELD, USER_NOT_FOUND, INVALID_CREDENTIALS, HASHING_BUSY, DATABASE_UNAVAILABLE.
 */
export async function changePassword(
  deps: ChangeDeps,
  caller: Caller,
  input: ChangePasswordInput,
): Promise<RevocationMark> {
  const userId = requireUserId(caller, input.userId)
  assertFields(
    findViolation('current_password', input.currentPassword, typedPasswordRule),
    findViolation('new_password', input.newPassword, makePasswordRule(deps.settings.passwordMinLength)),
  )
  const keep = findSessionId(input.keepSessionId)
  if (keep === undefined && input.keepSessionId !== '')
    throw invalidField('keep_session_id', 'must be a UUID')
  return await withFailureFloor(deps.clock, deps.settings.loginFloorMs, refusals, async () => {
    const verified = await findAccount(deps.database.kysely, { by: 'id', value: userId })
    if (verified === undefined) throw new AuthError('USER_NOT_FOUND')
    const matches = await deps.passwords.verify(input.currentPassword, verified.passwordHash, caller.origin)
    if (!matches) throw new AuthError('INVALID_CREDENTIALS')
    await assertNewPassword(deps, 'new_password', input.newPassword, verified)
    const changes = { passwordHash: await deps.passwords.hash(input.newPassword, caller.origin) }
    return await deps.write(caller.origin, async (trx, announce, revoke) => {
      const account = await lockAccount(trx, userId, 'update')
      if (account === undefined) throw new AuthError('USER_NOT_FOUND')
      // Another change came between: what was verified is no longer the password.
      if (account.passwordVersion !== verified.passwordVersion) throw new AuthError('INVALID_CREDENTIALS')
      const after = await updateUser(trx, userId, changes, true)
      await endUserSessions(trx, userId, keep)
      await announce(toUserUpdated(after, changes))
      return await revoke(toRevokedUser(after, 'PASSWORD_CHANGED'))
    })
  })
}
