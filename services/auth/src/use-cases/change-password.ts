import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findSessionId, type UserId } from '../domain/ids.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import type { Account } from '../domain/user.ts'
import { findViolation, makePasswordRule, typedPasswordRule } from '../domain/user-fields.ts'
import type { HashPlace } from '../security/hashing/make-hash-queue.ts'
import type { Attempt } from '../security/throttle.ts'
import { endUserSessions } from '../store/sessions.ts'
import { findAccount, lockAccount, updateUser } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { assertNewPassword } from './assert-new-password.ts'
import { toAuditedUser } from './audited.ts'
import { forgetFailures } from './forget-failures.ts'
import { requireUserId } from './require-user-id.ts'
import { toRevokedUser } from './to-revoked.ts'
import { toUserUpdated } from './user-updated.ts'
import { withFailureFloor } from './with-failure-floor.ts'

type ChangeDeps = Pick<
  Deps,
  'clock' | 'database' | 'write' | 'passwords' | 'passwordPolicy' | 'settings' | 'throttle' | 'log'
>

/** The present password, the new one, and the session that stays (empty: none). */
export interface ChangePasswordInput {
  readonly userId: string
  readonly currentPassword: string
  readonly newPassword: string
  readonly keepSessionId: string
}

const refusals = new Set(['INVALID_CREDENTIALS', 'TOO_MANY_LOGINS'] as const)

/**
 * Changes a password; access tokens end, sessions end but the one kept.
 * @throws AuthError NOT_SELF, INVALID_FIELD, USER_NOT_FOUND, INVALID_CREDENTIALS, TOO_MANY_LOGINS, HASHING_BUSY, DATABASE_UNAVAILABLE.
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
    using place = deps.passwords.admit(caller.origin)
    const verified = await findAccount(deps.database.kysely, { by: 'id', value: userId })
    if (verified === undefined) throw new AuthError('USER_NOT_FOUND')
    const attempt = await deps.throttle.begin('TOO_MANY_LOGINS', [
      { limit: 'change_password', subject: userId },
    ])
    const passwordHash = await verifyAndHash(deps, caller, input, { verified, attempt, place })
    const changes = { passwordHash }
    const mark = await deps.write(caller.origin, async (trx, announce, revoke, record) => {
      const account = await lockAccount(trx, userId, 'update')
      if (account === undefined) throw new AuthError('USER_NOT_FOUND')
      // Another change came between: what was verified is no longer the password.
      if (account.passwordVersion !== verified.passwordVersion) throw new AuthError('INVALID_CREDENTIALS')
      const after = await updateUser(trx, userId, changes, true)
      await endUserSessions(trx, userId, keep)
      await Promise.all([
        announce(toUserUpdated(after, changes)),
        record(caller, { action: 'password.change', ...toAuditedUser(userId), changedFields: ['password'] }),
      ])
      return await revoke(toRevokedUser(after, 'PASSWORD_CHANGED'))
    })
    await forgetFailures(deps, verified)
    return mark
  })
}

interface Begun {
  readonly verified: Account
  readonly attempt: Attempt
  readonly place: HashPlace
}

/** The new password's hash, where the present one is right; what ends without a judgement was no attempt. */
async function verifyAndHash(
  deps: ChangeDeps,
  caller: Caller,
  { currentPassword, newPassword }: ChangePasswordInput,
  { verified, attempt, place }: Begun,
): Promise<string> {
  try {
    if (await deps.passwords.verify(currentPassword, verified.passwordHash, place)) {
      await assertNewPassword(deps, 'new_password', newPassword, verified)
      return await deps.passwords.hash(newPassword, caller.origin)
    }
  } catch (error) {
    await attempt.giveBack().catch(() => undefined)
    throw error
  }
  await recordFailure(deps, caller, verified.id)
  throw new AuthError('INVALID_CREDENTIALS')
}

/** In a transaction of its own: the refusal rolls nothing back. */
async function recordFailure(deps: ChangeDeps, caller: Caller, userId: UserId): Promise<void> {
  const reason = 'WRONG_PASSWORD'
  await deps.write(caller.origin, (_trx, _announce, _revoke, record) =>
    record(caller, { action: 'password.change', ...toAuditedUser(userId), outcome: 'FAILED', reason }),
  )
}
