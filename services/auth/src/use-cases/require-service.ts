import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'

/** Lets other services pass, and nobody else. Throws AuthError MISSING_ACCESS_TOKEN or NOT_SELF. */
export function requireService(caller: Caller): void {
  if (caller.kind === 'anonymous') throw new AuthError('MISSING_ACCESS_TOKEN')
  if (caller.kind === 'user') throw new AuthError('NOT_SELF')
}
