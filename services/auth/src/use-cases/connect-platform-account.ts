import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { UserId } from '../domain/ids.ts'
import type { PlatformAccount } from '../domain/platform-account.ts'
import { findViolation, makeTextRule } from '../domain/user-fields.ts'
import { UniqueViolation } from '../store/driver-errors.ts'
import { lockAccount } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { takeFlow } from './begun-flow.ts'
import { requirePlatform } from './require-platform.ts'
import { requireUserId } from './require-user-id.ts'
import { type GivenGrant, savePlatformGrant } from './save-platform-grant.ts'
import { withPlatformRefusals } from './to-platform-refusal.ts'

/** What a redirect has brought; `iss` is empty where there was none. */
export interface RedirectInput {
  readonly authCode: string
  readonly state: string
  readonly iss: string
}

type ConnectDeps = Pick<Deps, 'database' | 'newId' | 'platforms' | 'random' | 'seal' | 'settings' | 'write'>

/**
 * Finishes a connection: the state is used up whatever comes of it.
 * @throws AuthError NOT_SELF, INVALID_FIELD, PLATFORM_NOT_ENABLED, PLATFORM_STATE_INVALID, PLATFORM_REFUSED, PLATFORM_ACCOUNT_TAKEN,
 *   PLATFORM_UNAVAILABLE, USER_NOT_FOUND, USER_SUSPENDED, DATABASE_UNAVAILABLE.
 */
export async function connectPlatformAccount(
  deps: ConnectDeps,
  caller: Caller,
  input: RedirectInput & { readonly userId: string; readonly platform: string },
): Promise<PlatformAccount> {
  const userId = requireUserId(caller, input.userId)
  const platform = requirePlatform(deps, input.platform)
  assertRedirect(input)
  const lookup = { purpose: 'CONNECT', userId, platform: input.platform } as const
  const { flow } = await takeFlow(deps, input.state, lookup)
  const redirect = { code: input.authCode, iss: input.iss }
  const grant = await withPlatformRefusals(() => platform.exchange(flow, redirect))
  return await saveConnection(deps, userId, { platform, grant, caller })
}

/** Throws AuthError INVALID_FIELD. */
export function assertRedirect({ authCode, state, iss }: RedirectInput): void {
  const required = (max: number) => (text: string) =>
    text === '' ? `must have 1 to ${max} characters` : makeTextRule(max)(text)
  assertFields(
    findViolation('auth_code', authCode, required(bounds.authCodeMax)),
    findViolation('state', state, required(bounds.platformStateMax)),
    findViolation('iss', iss, makeTextRule(bounds.redirectUriMax)),
  )
}

/**
 * Stores a new grant for a user.
 * @throws AuthError PLATFORM_ACCOUNT_TAKEN, USER_NOT_FOUND, USER_SUSPENDED, DATABASE_UNAVAILABLE.
 */
export async function saveConnection(
  deps: ConnectDeps,
  userId: UserId,
  given: GivenGrant,
): Promise<PlatformAccount> {
  const save = () =>
    deps.write(given.caller.origin, async (trx, announce, _revoke, record) => {
      const user = await lockAccount(trx, userId, 'share')
      if (user === undefined) throw new AuthError('USER_NOT_FOUND')
      if (user.status === 'SUSPENDED') throw new AuthError('USER_SUSPENDED')
      return await savePlatformGrant(deps, { trx, announce, record }, user, given)
    })
  try {
    return await save()
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error
    // Somebody has just connected it: now the row says who.
    return await save()
  }
}
