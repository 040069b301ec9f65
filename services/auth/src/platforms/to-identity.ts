import type { PlatformIdentity } from './platform-facts.ts'

/** Unicode code points of an account's id or name that are kept. */
const textMax = 200
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * The identity from what a platform answered; undefined where there is no id, or one that cannot be kept as it is. A name is only shown: it is
 * shortened, and loses what cannot be seen.
 */
export function toIdentity(
  subject: string | undefined,
  username: string | undefined,
): PlatformIdentity | undefined {
  if (subject === undefined || [...subject].length > textMax) return undefined
  if (subject.replace(invisible, '') !== subject) return undefined
  const name = [...(username ?? '').replace(invisible, '')].slice(0, textMax).join('')
  return { subject, username: name === '' ? subject : name }
}
