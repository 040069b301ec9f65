import {
  type Auth,
  type EventSubscription,
  makeMemoryInbox,
  type PositionStore,
} from '@immersiverse/auth-client'
import { type BurstRules, makeBurstDetector } from './make-burst-detector.ts'

/** What calls for a look. */
export interface Alert {
  readonly alert:
    | 'failed_logins_of_address'
    | 'failed_logins_of_account'
    | 'login_limit_reached'
    | 'refresh_token_reused'
  /** The address, the account's keyed hash, or the user. */
  readonly subject: string
  readonly at: string
  /** From where the attempt came that reached the limit. */
  readonly ip?: string
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

/** More than can come twice: what is handled and not yet committed. */
const eventsRemembered = 100_000

/**
 * Raises an alert when failed logins of one address, or of one account from anywhere, come in a burst, when a limit stops them (it is the last that
 * is heard of the attack), and for every stolen refresh token. An event that is delivered twice counts once. Windows and what was counted are in
 * memory: after a restart a burst under way is counted from there on.
 */
export function watchLogins({ auth, position, rules, raise, onError }: WatchParts): EventSubscription {
  const [addresses, accounts] = [makeBurstDetector(rules), makeBurstDetector(rules)]
  const inbox = makeMemoryInbox(eventsRemembered)
  return auth
    .events({ group: 'security-monitor', position, onError })
    .on('login_failed', ({ identifierHash, ip, limitReached }, info) =>
      inbox.once(info, () => {
        const at = info.time.toISOString()
        const ofAddress = ip === '' ? undefined : addresses.note(ip, info.time)
        if (ofAddress !== undefined) {
          raise({ alert: 'failed_logins_of_address', subject: ip, at, failures: ofAddress })
        }
        const ofAccount = accounts.note(identifierHash, info.time)
        if (ofAccount !== undefined) {
          raise({ alert: 'failed_logins_of_account', subject: identifierHash, at, failures: ofAccount })
        }
        if (limitReached) raise({ alert: 'login_limit_reached', subject: identifierHash, at, ip })
      }),
    )
    .on('refresh_token_reused', ({ userId, sessionId }, info) =>
      inbox.once(info, () =>
        raise({ alert: 'refresh_token_reused', subject: userId, at: info.time.toISOString(), sessionId }),
      ),
    )
    .start()
}
