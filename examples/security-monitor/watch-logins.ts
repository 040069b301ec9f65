import type { Auth, EventSubscription, PositionStore } from '@immersiverse/auth-client'
import { type BurstRules, makeBurstDetector } from './make-burst-detector.ts'

/** What calls for a look. */
export interface Alert {
  readonly alert: 'failed_logins_of_address' | 'failed_logins_of_account' | 'refresh_token_reused'
  /** The address, the account's keyed hash, or the user. */
  readonly subject: string
  readonly at: string
  /** Failures within the window. */
  readonly failures?: number
  /** The session that was ended. */
  readonly sessionId?: string
}

/** What watching needs. */
export interface WatchParts {
  readonly auth: Pick<Auth, 'events'>
  readonly position: PositionStore
  readonly rules: BurstRules
  readonly raise: (alert: Alert) => void
  readonly onError: (error: unknown) => void
}

/**
 * Raises an alert when failed logins of one address, or of one account from anywhere, come in a burst, and for every stolen refresh token. The
 * windows are in memory: after a restart a burst under way is counted from there on.
 */
export function watchLogins({ auth, position, rules, raise, onError }: WatchParts): EventSubscription {
  const [addresses, accounts] = [makeBurstDetector(rules), makeBurstDetector(rules)]
  return auth
    .events({ group: 'security-monitor', position, onError })
    .on('login_failed', ({ ip, identifierHash }, { time }) => {
      const at = time.toISOString()
      const ofAddress = ip === '' ? undefined : addresses.note(ip, time)
      if (ofAddress !== undefined) {
        raise({ alert: 'failed_logins_of_address', subject: ip, at, failures: ofAddress })
      }
      const ofAccount = accounts.note(identifierHash, time)
      if (ofAccount !== undefined) {
        raise({ alert: 'failed_logins_of_account', subject: identifierHash, at, failures: ofAccount })
      }
    })
    .on('refresh_token_reused', ({ userId, sessionId }, { time }) =>
      raise({ alert: 'refresh_token_reused', subject: userId, at: time.toISOString(), sessionId }),
    )
    .start()
}
