import type { Caller } from '../domain/caller.ts'
import type { LimitName } from '../domain/limit.ts'
import type { User } from '../domain/user.ts'
import { toIdentifierKey } from '../domain/user-fields.ts'
import type { Counted } from '../security/throttle.ts'
import { toNetwork } from '../security/to-network.ts'

/**
 * The address of whoever asks as a subject, or nothing where it is not known: a service that does not pass the address of its user on would
 * else be limited as if it were one person.
 */
export function toAddressCounts(caller: Caller, limit: LimitName): Counted[] {
  const { ip, isForwarded = false } = caller.origin
  if (ip === '' || (caller.kind === 'service' && !isForwarded)) return []
  return [{ limit, subject: toNetwork(ip) }]
}

/** A name that somebody logs in with, whether anybody has it or not. */
export function toNameCount(identifier: string): Counted {
  return { limit: 'login_account', subject: toIdentifierKey(identifier) }
}

/** Everything that is counted of an account's names and of its user. */
export function toUserCounts({ id, username, email }: Pick<User, 'id' | 'username' | 'email'>): Counted[] {
  return [toNameCount(username), toNameCount(email), { limit: 'change_password', subject: id }]
}
