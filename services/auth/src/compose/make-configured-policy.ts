import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import { makeBreachedList } from '../security/password-policy/make-breached-list.ts'
import { makePasswordPolicy, type PasswordPolicy } from '../security/password-policy/make-password-policy.ts'

/** The policy for new passwords, with the list of breached ones where it is configured. */
export function makeConfiguredPolicy(config: Config, log: Log): PasswordPolicy {
  const { AUTH_BREACHED_PASSWORDS_DIR: folder, AUTH_AUDIENCE: audience, AUTH_ISSUER: issuer } = config
  return makePasswordPolicy({
    serviceWords: ['immersiverse', audience, ...new URL(issuer).hostname.split('.')],
    ...(folder === undefined ? {} : { breached: makeBreachedList(folder) }),
    onUnread: (error) =>
      log.error({ err: error }, 'a password was taken that the list of breached ones was not asked for'),
  })
}
