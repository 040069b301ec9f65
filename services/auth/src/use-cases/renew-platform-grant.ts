import { PlatformDisconnectReason } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'
import { toTokenContext } from '../domain/platform-account.ts'
import { toPauseMs } from '../domain/platform-times.ts'
import type { Platform, PlatformTokens } from '../platforms/platform.ts'
import { PlatformError } from '../platforms/platform-error.ts'
import type { SealedTokens } from '../store/platform-accounts.ts'
import { findGrant, type StoredGrant } from '../store/platform-grants.ts'
import {
  type Lease,
  releaseLease,
  storeRenewed,
  takeLease,
  withdrawGrant,
} from '../store/platform-renewals.ts'
import { insertPlatformRevocations } from '../store/platform-revocations.ts'
import { lockAccount } from '../store/users.ts'
import { toAuditedPlatformAccount } from './audited.ts'
import { sealTokens } from './save-platform-grant.ts'
import { toPlatformRefusal } from './to-platform-refusal.ts'
import { toRevocations } from './to-revocations.ts'

/** What renewing takes. */
export type RenewDeps = Pick<
  Deps,
  | 'clock'
  | 'database'
  | 'log'
  | 'newId'
  | 'onPlatformRevocation'
  | 'platformWork'
  | 'platforms'
  | 'random'
  | 'seal'
  | 'settings'
  | 'write'
>

/** What came of it. HELD: another instance does it. WITHDRAWN: the platform does not let us act any more. */
export type Renewal = 'RENEWED' | 'HELD' | 'WITHDRAWN'

/**
 * Renews the tokens of a grant, alone among all instances: the right to do so is a lease in the row, and no transaction is open while the platform is asked.
 * See decision 40 for what a crash does.
 * @throws AuthError PLATFORM_UNAVAILABLE, after a pause was noted; DATABASE_UNAVAILABLE.
 */
export async function renewPlatformGrant(
  deps: RenewDeps,
  platform: Platform,
  grant: StoredGrant,
): Promise<Renewal> {
  const { settings, database, newId } = deps
  const lease = { accountId: grant.id, generation: grant.generation, leaseId: newId() }
  if (!(await takeLease(database.kysely, lease, settings.platforms.times.leaseMs))) return 'HELD'
  const token = findRenewalToken(deps, platform, grant)
  if (token === undefined) return await withdraw(deps, grant, 'GRANT_EXPIRED')
  try {
    await deps.platformWork.add(ask(deps, platform, { grant, lease, token }))
    return 'RENEWED'
  } catch (error) {
    return await answerFailure(deps, grant, lease, error)
  }
}

/** From the question on, a refresh token that serves once is only in the answer. */
async function ask(
  deps: RenewDeps,
  platform: Platform,
  { grant, lease, token }: { grant: StoredGrant; lease: Lease; token: string },
): Promise<void> {
  const tokens = await platform.renew(token)
  await store(deps, platform, grant, lease, tokens)
}

/** The token that renews the grant, opened; undefined where it has none. */
export function findRenewalToken(
  { seal }: Pick<Deps, 'seal'>,
  { facts }: Platform,
  grant: StoredGrant,
): string | undefined {
  const isRefresh = facts.renewal === 'REFRESH_TOKEN'
  const sealed = isRefresh ? grant.refreshToken : grant.accessToken
  if (sealed === undefined) return undefined
  const context = toTokenContext(grant, isRefresh ? 'refresh_token' : 'access_token')
  return Buffer.from(seal.unseal(sealed, context)).toString()
}

/** A database that is away for a moment must not cost a refresh token that serves once: it is tried until the lease is long over. */
async function store(
  deps: RenewDeps,
  platform: Platform,
  grant: StoredGrant,
  lease: Lease,
  tokens: PlatformTokens,
): Promise<void> {
  const sealed = sealTokens(deps, platform, grant, tokens)
  const { clock, database, settings } = deps
  const untilMs = clock.monotonicMs() + 4 * settings.platforms.times.leaseMs
  for (;;) {
    try {
      if (!(await storeRenewed(database.kysely, lease, sealed))) await giveBack(deps, grant, sealed)
      return
    } catch (error) {
      const isAway = error instanceof AuthError && error.reason === 'DATABASE_UNAVAILABLE'
      if (!isAway || clock.monotonicMs() > untilMs) throw error
      await clock.sleep(500)
    }
  }
}

/** Tokens for an account that was forgotten while its platform was asked: those that were noted to be revoked are not the last. */
async function giveBack(deps: RenewDeps, grant: StoredGrant, sealed: SealedTokens): Promise<void> {
  const { kysely } = deps.database
  if ((await findGrant(kysely, grant.id)) !== undefined) return
  const { accessToken, refreshToken } = sealed
  await insertPlatformRevocations(kysely, toRevocations(deps, { ...grant, accessToken, refreshToken }))
  deps.onPlatformRevocation()
}

async function answerFailure(
  deps: RenewDeps,
  grant: StoredGrant,
  lease: Lease,
  error: unknown,
): Promise<Renewal> {
  if (!(error instanceof PlatformError)) throw error
  const { times } = deps.settings.platforms
  if (error.fault === 'REFUSED' && !grant.isLeaseLeft) return await withdraw(deps, grant, 'GRANT_WITHDRAWN')
  if (error.fault === 'MISCONFIGURED') {
    deps.log.error({ platform: grant.platform, err: error.message }, 'the platform does not know this client')
  }
  // Refused after somebody was lost in the middle: who holds the successor may still store it. Asked once more, when nobody can any more.
  const pauseMs =
    error.fault === 'REFUSED'
      ? 4 * times.leaseMs
      : // Where the circuit was open nobody was asked: how often that happens says nothing about this grant.
        (error.retryAfterMs ?? toPauseMs(times, grant.failures, deps.random()))
  await releaseLease(deps.database.kysely, lease, pauseMs)
  const refusal = error.fault === 'REFUSED' ? new PlatformError('UNAVAILABLE', 'a renewal was lost') : error
  throw toPlatformRefusal(refusal)
}

/** Notes that a grant is over, and tells it, once. */
export async function withdraw(
  { write }: Pick<Deps, 'write'>,
  grant: Pick<StoredGrant, 'id' | 'userId' | 'generation' | 'platform'>,
  reason: 'GRANT_WITHDRAWN' | 'GRANT_EXPIRED',
): Promise<'WITHDRAWN'> {
  const { id, userId, platform, generation } = grant
  await write({ ip: '', userAgent: '' }, async (trx, announce, _revoke, record) => {
    const user = await lockAccount(trx, userId, 'share')
    const account = user && (await withdrawGrant(trx, { accountId: id, generation }))
    if (user === undefined || account === undefined) return
    const announced = announce({
      name: 'platform_disconnected',
      userId,
      data: {
        userId,
        userVersion: BigInt(user.version),
        platform,
        platformAccountId: id,
        reason: PlatformDisconnectReason[reason],
      },
    })
    const audited = toAuditedPlatformAccount(id, userId)
    await Promise.all([announced, record('system', { action: 'platform.disconnect', ...audited, reason })])
  })
  return 'WITHDRAWN'
}
