import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import { operatorRole } from '../domain/may-act-for.ts'
import type { Account } from '../domain/user.ts'

/**
 * Lets nobody act against an operator but themselves and services: one stolen token of an operator must not end all others.
 * @throws AuthError NOT_SELF.
 */
export function requireBelow(caller: Caller, account: Pick<Account, 'id' | 'roles'>): void {
  if (caller.kind === 'service' || (caller.kind === 'user' && caller.userId === account.id)) return
  if (account.roles.includes(operatorRole)) throw new AuthError('NOT_SELF')
}
