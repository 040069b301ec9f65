import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findAccount } from '../store/users.ts'
import { type Begun, beginFlow } from './begun-flow.ts'
import { requirePlatform } from './require-platform.ts'
import { requireUserId } from './require-user-id.ts'

/** An empty redirect URI means the first that is configured. */
export interface BeginPlatformConnectionInput {
  readonly userId: string
  readonly platform: string
  readonly redirectUri: string
}

/**
 * Begins to connect an account of a user.
 * @throws AuthError NOT_SELF, INVALID_FIELD, PLATFORM_NOT_ENABLED, USER_NOT_FOUND, TOO_MANY_PLATFORM_FLOWS, DATABASE_UNAVAILABLE.
 */
export async function beginPlatformConnection(
  deps: Pick<Deps, 'database' | 'platforms' | 'seal' | 'settings' | 'throttle'>,
  caller: Caller,
  input: BeginPlatformConnectionInput,
): Promise<Begun> {
  const userId = requireUserId(caller, input.userId)
  const platform = requirePlatform(deps, input.platform)
  const redirectUri = toRedirectUri(deps.settings.platforms.redirectUris, input.redirectUri)
  const user = await findAccount(deps.database.kysely, { by: 'id', value: userId })
  if (user === undefined) throw new AuthError('USER_NOT_FOUND')
  return await beginFlow(deps, caller, platform, { purpose: 'CONNECT', userId, redirectUri })
}

/** The redirect URI, letter by letter one of those allowed. Throws AuthError INVALID_FIELD. */
export function toRedirectUri(allowed: readonly string[], wished: string): string {
  const [first] = allowed
  const redirectUri = wished === '' ? first : allowed.find((uri) => uri === wished)
  if (redirectUri !== undefined) return redirectUri
  throw invalidField('redirect_uri', 'must be one of PLATFORM_REDIRECT_URIS')
}
