import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { Account } from '../domain/user.ts'
import type { Attempt, Counted } from '../security/throttle.ts'
import type { LoginInput } from './login.ts'
import { toAddressCounts, toNameCount, toUserCounts } from './to-counted.ts'

/** An attempt to log in that has been counted. */
export interface LoginAttempt extends Attempt {
  /** The password was right: earlier failures are forgotten (NIST 800-63B-4 §3.2.2). */
  succeed(account: Account): Promise<void>
}

/**
 * Counts an attempt to log in before its password is looked at. A device on which this user has logged in before counts by itself, so that
 * nobody else can lock it out; all others count for the name, the address and the whole.
 * @throws AuthError TOO_MANY_LOGINS, DATABASE_UNAVAILABLE.
 */
export async function beginLogin(
  { deviceTokens, throttle, log }: Pick<Deps, 'deviceTokens' | 'throttle' | 'log'>,
  caller: Caller,
  { identifier, client }: LoginInput,
  found: Account | undefined,
): Promise<LoginAttempt> {
  const device = found && deviceTokens.find(client.deviceToken ?? '', found.id)
  const ofDevice: Counted[] = device ? [{ limit: 'login_device', subject: `${found.id} ${device}` }] : []
  const counted: Counted[] = device
    ? ofDevice
    : [
        toNameCount(identifier),
        ...toAddressCounts(caller, 'login_address'),
        { limit: 'login_total', subject: '' },
      ]
  const attempt = await throttle.begin('TOO_MANY_LOGINS', counted)
  return {
    ...attempt,
    succeed: async (account) => {
      // What others have counted for the name stays while the person comes from a device that is known.
      const cleared = throttle.clear(device ? ofDevice : toUserCounts(account))
      const given = attempt.giveBack(['login_account', 'login_device'])
      // The session is open: what stays counted limits nobody for long.
      await Promise.all([cleared, given]).catch((err) => log.warn({ err }, 'failed logins stay counted'))
    },
  }
}
