import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { UserId } from '../domain/ids.ts'
import { type PlatformAccount, type PlatformAccountId, toTokenContext } from '../domain/platform-account.ts'
import { toIdleRenewalMs } from '../domain/platform-times.ts'
import type { Platform, PlatformGrant, PlatformTokens } from '../platforms/platform.ts'
import {
  insertPlatformAccount,
  lockPlatformAccount,
  reconnectPlatformAccount,
  type SealedTokens,
} from '../store/platform-accounts.ts'
import type { Writing } from '../store/write.ts'
import { toAuditedPlatformAccount } from './audited.ts'

type SaveDeps = Pick<Deps, 'newId' | 'random' | 'seal'>

/** Whose account it becomes. */
export interface GrantOwner {
  readonly id: UserId
  readonly version: number
}

/** What a platform has granted, and who brought it. */
export interface GivenGrant {
  readonly platform: Platform
  readonly grant: PlatformGrant
  readonly caller: Caller
}

/**
 * Stores a grant for a locked user, under a new account or the one that the user had connected before, and announces it.
 * @throws AuthError PLATFORM_ACCOUNT_TAKEN; UniqueViolation `platform_accounts_subject` where somebody was faster.
 */
export async function savePlatformGrant(
  deps: SaveDeps,
  { trx, announce, record }: Writing,
  owner: GrantOwner,
  { platform, grant, caller }: GivenGrant,
): Promise<PlatformAccount> {
  const { subject, username } = grant.identity
  const { name, scopes } = platform.facts
  const before = await lockPlatformAccount(trx, name, subject)
  if (before !== undefined && before.userId !== owner.id) throw new AuthError('PLATFORM_ACCOUNT_TAKEN')
  const id = before?.id ?? (deps.newId() as PlatformAccountId)
  const facts = { id, userId: owner.id, platform: name, subject }
  const tokens = { ...grant.tokens, scopes: grant.tokens.scopes ?? scopes }
  const sealed = sealTokens(deps, platform, facts, tokens)
  const account =
    before === undefined
      ? await insertPlatformAccount(trx, facts, username, sealed)
      : await reconnectPlatformAccount(trx, id, username, sealed)
  const announced = announce({
    name: 'platform_connected',
    userId: owner.id,
    data: {
      userId: owner.id,
      userVersion: BigInt(owner.version),
      platform: name,
      platformAccountId: account.id,
      platformUserId: subject,
      platformUsername: username,
      scopes: [...account.scopes],
    },
  })
  const audited = toAuditedPlatformAccount(account.id, owner.id)
  await Promise.all([
    announced,
    record(caller, { action: 'platform.connect', ...audited, onBehalfOf: owner.id }),
  ])
  return account
}

/** Tokens as they are stored, bound to their account, and when they are renewed in the background. */
export function sealTokens(
  { random, seal }: Pick<Deps, 'random' | 'seal'>,
  { facts }: Platform,
  account: Pick<PlatformAccount, 'id' | 'userId' | 'platform'>,
  tokens: PlatformTokens,
): SealedTokens {
  const sealText = (text: string, column: 'access_token' | 'refresh_token') =>
    seal.seal(Buffer.from(text), toTokenContext(account, column))
  const { accessToken, refreshToken, lifetimeMs, scopes } = tokens
  return {
    accessToken: sealText(accessToken, 'access_token'),
    refreshToken: refreshToken === undefined ? undefined : sealText(refreshToken, 'refresh_token'),
    lifetimeMs,
    scopes,
    renewInMs: toIdleRenewalMs(facts.idleRenewalMs, random()),
  }
}
