import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import { type PlatformAccountId, toTokenContext } from '../domain/platform-account.ts'
import type { Platform } from '../platforms/platform.ts'
import { findGrant, type StoredGrant } from '../store/platform-grants.ts'
import { toPlatformAccountId } from './disconnect-platform-account.ts'
import { findRenewalToken, type RenewDeps, renewPlatformGrant, withdraw } from './renew-platform-grant.ts'
import { requirePlatform } from './require-platform.ts'
import { requireService } from './require-service.ts'

/** A token to act with at a platform. */
export interface PlatformAccessToken {
  readonly accessToken: string
  readonly expiresAt: Date | undefined
  readonly scopes: readonly string[]
}

type TokenDeps = RenewDeps & Pick<Deps, 'renewals'>

/**
 * A token that is good for a while: renewed before where it is about to expire. Of all who ask for one account, over all instances, one asks the platform.
 * @throws AuthError MISSING_ACCESS_TOKEN, NOT_SELF, INVALID_FIELD, PLATFORM_ACCOUNT_NOT_FOUND, PLATFORM_NOT_ENABLED,
 *   PLATFORM_GRANT_WITHDRAWN, PLATFORM_UNAVAILABLE, USER_SUSPENDED, DATABASE_UNAVAILABLE.
 */
export async function getPlatformAccessToken(
  deps: TokenDeps,
  caller: Caller,
  input: { readonly platformAccountId: string },
): Promise<PlatformAccessToken> {
  requireService(caller)
  const id = toPlatformAccountId(input.platformAccountId)
  const present = await getUsableGrant(deps, id)
  const grant =
    present.expiresInMs > deps.settings.platforms.times.marginMs
      ? present
      : await deps.renewals.join(id, () => getRenewedGrant(deps, present))
  return toAccessToken(deps, grant)
}

function toAccessToken({ seal }: Pick<Deps, 'seal'>, grant: StoredGrant): PlatformAccessToken {
  const sealed = grant.accessToken
  if (sealed === undefined) throw new AuthError('PLATFORM_GRANT_WITHDRAWN')
  const accessToken = Buffer.from(seal.unseal(sealed, toTokenContext(grant, 'access_token'))).toString()
  return { accessToken, expiresAt: grant.accessExpiresAt, scopes: grant.scopes }
}

async function getUsableGrant(
  { database }: Pick<Deps, 'database'>,
  id: PlatformAccountId,
): Promise<StoredGrant> {
  const grant = await findGrant(database.kysely, id)
  if (grant === undefined) throw new AuthError('PLATFORM_ACCOUNT_NOT_FOUND')
  if (grant.isSuspended) throw new AuthError('USER_SUSPENDED')
  if (grant.status === 'WITHDRAWN') throw new AuthError('PLATFORM_GRANT_WITHDRAWN')
  return grant
}

/** Until there is another generation, by whomever; what still holds is better than an error. */
async function getRenewedGrant(deps: TokenDeps, first: StoredGrant): Promise<StoredGrant> {
  const platform = requirePlatform(deps, first.platform)
  const { firstPauseMs, lookMs, marginMs, waitMs } = deps.settings.platforms.times
  const untilMs = deps.clock.monotonicMs() + waitMs
  let grant = first
  while (grant.generation === first.generation) {
    const fault = await tryRenewal(deps, platform, grant)
    if (fault !== undefined && fault.reason !== 'PLATFORM_UNAVAILABLE') throw fault
    // Read anew: the platform may have taken longer than the token had left.
    grant = await getUsableGrant(deps, first.id)
    if (grant.generation !== first.generation || (fault && grant.expiresInMs > 0)) break
    if (fault !== undefined) throw fault
    const isLate = deps.clock.monotonicMs() > untilMs
    // Another instance renews, or died of it: nobody waits while there is time left.
    if (grant.expiresInMs > (isLate ? 0 : marginMs / 2)) return grant
    if (isLate) throw makeUnavailable(firstPauseMs)
    await deps.clock.sleep(lookMs)
  }
  return grant
}

/** Undefined where it is worth looking again. */
async function tryRenewal(
  deps: TokenDeps,
  platform: Platform,
  grant: StoredGrant,
): Promise<AuthError | undefined> {
  if (grant.isLeased) return undefined
  if (grant.pausedMs > 0) return makeUnavailable(grant.pausedMs)
  try {
    if (findRenewalToken(deps, platform, grant) === undefined) return await endGrant(deps, grant)
    await renewPlatformGrant(deps, platform, grant)
    return undefined
  } catch (error) {
    if (error instanceof AuthError) return error
    throw error
  }
}

/** A grant that cannot be renewed lasts as long as its access token. */
async function endGrant(deps: TokenDeps, grant: StoredGrant): Promise<AuthError> {
  if (grant.expiresInMs > 0) return makeUnavailable(grant.expiresInMs)
  await withdraw(deps, grant, 'GRANT_EXPIRED')
  return new AuthError('PLATFORM_GRANT_WITHDRAWN')
}

function makeUnavailable(retryAfterMs: number): AuthError {
  return new AuthError('PLATFORM_UNAVAILABLE', { retryAfterMs })
}
