import { AuthError } from '../domain/errors.ts'
import { toLogCause } from '../domain/to-log-cause.ts'
import { findGrant } from '../store/platform-grants.ts'
import { type DueRenewal, takeDueRenewals } from '../store/platform-renewals.ts'
import { findRenewalToken, type RenewDeps, renewPlatformGrant, withdraw } from './renew-platform-grant.ts'

/** Taken at a time, of all platforms together. */
const batch = 20
/** Nobody else takes them meanwhile; what crashed is due again then. */
const takenMs = 300_000

/**
 * Renews grants that nobody has used for long, one after the other, and finds those that were withdrawn. Returns whether more may be due. Platforms that
 * are down are left out. After `stop` none is begun.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function renewDueGrants(deps: RenewDeps, stop?: AbortSignal): Promise<boolean> {
  const platforms = deps.platforms.list.filter(({ isOpen }) => !isOpen).map(({ facts }) => facts.name)
  if (platforms.length === 0) return false
  const due = await takeDueRenewals(deps.database.kysely, { platforms, max: batch, untilMs: takenMs })
  for (const one of due) {
    if (stop?.aborted) return false
    await renew(deps, one)
  }
  return due.length === batch
}

async function renew(deps: RenewDeps, { id, platform: name }: DueRenewal): Promise<void> {
  const platform = deps.platforms.find(name)
  const grant = await findGrant(deps.database.kysely, id)
  if (platform === undefined || grant === undefined || grant.status === 'WITHDRAWN' || grant.isLeased) return
  try {
    if (findRenewalToken(deps, platform, grant) !== undefined) await renewPlatformGrant(deps, platform, grant)
    else if (grant.expiresInMs <= 0) await withdraw(deps, grant, 'GRANT_EXPIRED')
  } catch (error) {
    const isAway = error instanceof AuthError && error.reason === 'PLATFORM_UNAVAILABLE'
    if (error instanceof AuthError && !isAway) throw error
    // The row says when it is tried again. One that does not open must not hold up the others.
    const facts = { platform: name, accountId: id, cause: toLogCause(isAway ? error.details.cause : error) }
    if (isAway) deps.log.warn(facts, 'a grant was not renewed; trying again')
    else deps.log.error(facts, 'a grant cannot be renewed')
  }
}
