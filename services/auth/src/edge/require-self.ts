import type { Deps } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'
import { findSessionId, findUserId } from '../domain/ids.ts'
import { mayActFor, type Others } from '../domain/may-act-for.ts'
import { validateToken } from '../use-cases/validate-token.ts'
import type { EdgeCall } from './edge-call.ts'
import { findBearer } from './find-bearer.ts'

/** What judging a token takes. */
export type SelfDeps = Pick<Deps, 'clock' | 'keyRing' | 'verifier' | 'sessionLookup' | 'settings'>

/**
 * Makes the bearer token's user the caller, where the path names that very user, or the token has a role that `others` names. Strict, as
 * ValidateToken is.
 * @throws AuthError MISSING_ACCESS_TOKEN, INVALID_ACCESS_TOKEN with its `validation_reason`, NOT_SELF, and DATABASE_UNAVAILABLE where the
 *   token cannot be judged: an outage is never the token's fault.
 */
export async function requireSelf(
  deps: SelfDeps,
  call: EdgeCall,
  authorization: readonly string[] | undefined,
  pathUserId: string,
  others: Others,
): Promise<void> {
  const accessToken = findBearer(authorization)
  if (accessToken === undefined) throw new AuthError('MISSING_ACCESS_TOKEN')
  const { reason, claims } = await validateToken(deps, { accessToken, audience: '', requiredRoles: [] })
  if (claims) {
    call.tokenId = claims.jti
    call.caller = { ...call.caller, origin: { ...call.caller.origin, tokenId: claims.jti } }
  }
  const userId = findUserId(claims?.sub ?? '')
  const sessionId = findSessionId(claims?.sid ?? '')
  if (reason !== undefined || userId === undefined || sessionId === undefined) {
    throw new AuthError('INVALID_ACCESS_TOKEN', { metadata: { validation_reason: reason ?? 'MALFORMED' } })
  }
  const caller = {
    kind: 'user',
    userId,
    sessionId,
    roles: claims?.roles ?? [],
    origin: call.caller.origin,
  } as const
  call.caller = caller
  if (findUserId(pathUserId) !== userId && !mayActFor(caller, others)) throw new AuthError('NOT_SELF')
}
