import { randomBytes, randomInt } from 'node:crypto'
import { bounds, UserStatus } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { UserId } from '../domain/ids.ts'
import type { ClientInfo } from '../domain/session.ts'
import { toUsername } from '../domain/to-username.ts'
import type { Account, User } from '../domain/user.ts'
import { findViolation, makeTextRule } from '../domain/user-fields.ts'
import type { Platform, PlatformGrant } from '../platforms/platform.ts'
import { insertUserSequence } from '../store/append-event.ts'
import { UniqueViolation } from '../store/driver-errors.ts'
import { findPlatformAccount } from '../store/platform-accounts.ts'
import { insertUser, lockAccount } from '../store/users.ts'
import type { Writing } from '../store/write.ts'
import { assertFields } from './assert-fields.ts'
import { toAuditedUser } from './audited.ts'
import { beginSession } from './begin-session.ts'
import { takeFlow } from './begun-flow.ts'
import { findClientViolations } from './client-rules.ts'
import { assertRedirect, type RedirectInput } from './connect-platform-account.ts'
import { hasStaleKeys } from './has-stale-keys.ts'
import { type Issued, issueTokens, type TokenPair } from './issue-tokens.ts'
import { requirePlatform } from './require-platform.ts'
import { savePlatformGrant } from './save-platform-grant.ts'
import { toAddressCounts } from './to-counted.ts'
import { withPlatformRefusals } from './to-platform-refusal.ts'

type LoginDeps = Pick<
  Deps,
  | 'accessTokens'
  | 'database'
  | 'keyRing'
  | 'newId'
  | 'passwords'
  | 'platforms'
  | 'random'
  | 'refreshTokens'
  | 'seal'
  | 'settings'
  | 'throttle'
  | 'write'
>

/** What the browser has brought, and what it knows since it began. */
export interface LoginWithPlatformInput extends RedirectInput {
  readonly platform: string
  readonly proof: string
  readonly client: ClientInfo
}

/** A session, and whether its user is new. */
export interface PlatformLogin {
  readonly tokens: TokenPair
  readonly user: User
  readonly created: boolean
}

/** A name may be taken, and an account be connected, between looking and writing. */
const triesMax = 5

/**
 * Opens a session for the user who has connected the account; for nobody else, whatever e-mail address the platform knows.
 * @throws AuthError INVALID_FIELD, PLATFORM_NOT_ENABLED, PLATFORM_STATE_INVALID, PLATFORM_REFUSED, PLATFORM_UNAVAILABLE,
 *   PLATFORM_ACCOUNT_NOT_LINKED, USER_SUSPENDED, TOO_MANY_SIGN_UPS, HASHING_BUSY, DATABASE_UNAVAILABLE.
 */
export async function loginWithPlatform(
  deps: LoginDeps,
  caller: Caller,
  input: LoginWithPlatformInput,
): Promise<PlatformLogin> {
  const platform = requirePlatform(deps, input.platform)
  assertLogin(input)
  const { state, proof } = input
  const { flow } = await takeFlow(deps, state, { purpose: 'LOGIN', platform: input.platform, proof })
  const redirect = { code: input.authCode, iss: input.iss }
  const grant = await withPlatformRefusals(() => platform.exchange(flow, redirect))
  if (hasStaleKeys(deps)) await deps.keyRing.reload()
  const { issued, created } = await logIn(deps, caller, { platform, grant, client: input.client })
  const user = { ...issued.account, lastLoginAt: issued.issue.issuedAt }
  return { tokens: await issueTokens(deps, issued), user, created }
}

function assertLogin(input: LoginWithPlatformInput): void {
  assertRedirect(input)
  assertFields(
    findClientViolations(input.client),
    findViolation('proof', input.proof, makeTextRule(bounds.platformStateMax)),
  )
}

interface Identified {
  readonly platform: Platform
  readonly grant: PlatformGrant
  readonly client: ClientInfo
}

async function logIn(
  deps: LoginDeps,
  caller: Caller,
  given: Identified,
): Promise<{ readonly issued: Issued; readonly created: boolean }> {
  const { name } = given.platform.facts
  for (let tries = 1; ; tries += 1) {
    try {
      const linked = await findPlatformAccount(deps.database.kysely, name, given.grant.identity.subject)
      if (linked !== undefined)
        return { issued: await logInLinked(deps, caller, linked.userId, given), created: false }
      if (!deps.settings.platforms.loginCreatesUsers) throw new AuthError('PLATFORM_ACCOUNT_NOT_LINKED')
      if (tries === 1)
        await deps.throttle.begin('TOO_MANY_SIGN_UPS', toAddressCounts(caller, 'create_user_address'))
      return { issued: await logInNew(deps, caller, given, tries), created: true }
    } catch (error) {
      if (!(error instanceof UniqueViolation) || tries === triesMax) throw error
    }
  }
}

async function logInLinked(
  deps: LoginDeps,
  caller: Caller,
  userId: UserId,
  { platform, grant, client }: Identified,
): Promise<Issued> {
  return await deps.write(caller.origin, async (trx, announce, _revoke, record) => {
    const account = await lockAccount(trx, userId, 'share')
    if (account === undefined) throw new AuthError('PLATFORM_ACCOUNT_NOT_LINKED')
    if (account.status === 'SUSPENDED') throw new AuthError('USER_SUSPENDED')
    await savePlatformGrant(deps, { trx, announce, record }, account, { platform, grant, caller })
    return await beginSession(deps, { trx, announce, record }, account, { caller, client })
  })
}

async function logInNew(
  deps: LoginDeps,
  caller: Caller,
  { platform, grant, client }: Identified,
  tries: number,
): Promise<Issued> {
  const suffix = tries === 1 ? '' : String(randomInt(1_000_000)).padStart(6, '0')
  const username = toUsername(grant.identity.username, suffix)
  // A password that nobody knows: the account has none until one is set, and guessing it costs what guessing any does.
  const passwordHash = await deps.passwords.hash(randomBytes(32).toString('base64'))
  return await deps.write(caller.origin, async (trx, announce, _revoke, record) => {
    const account = await createUser(deps, { trx, announce, record }, { username, passwordHash, caller })
    await savePlatformGrant(deps, { trx, announce, record }, account, { platform, grant, caller })
    return await beginSession(deps, { trx, announce, record }, account, { caller, client })
  })
}

interface NewPlatformUser {
  readonly username: string
  readonly passwordHash: string
  readonly caller: Caller
}

async function createUser(
  { newId }: Pick<Deps, 'newId'>,
  { trx, announce, record }: Writing,
  { username, passwordHash, caller }: NewPlatformUser,
): Promise<Account> {
  const id = newId() as UserId
  const account = await insertUser(trx, { id, username, email: '', displayName: username, passwordHash })
  await insertUserSequence(trx, id)
  const announced = announce({
    name: 'user_created',
    userId: id,
    data: {
      userId: id,
      userVersion: BigInt(account.version),
      username,
      displayName: username,
      status: UserStatus.ACTIVE,
      roles: [],
      subscriptionTier: '',
    },
  })
  await Promise.all([announced, record(caller, { action: 'user.create', ...toAuditedUser(id) })])
  return account
}
