import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import { makeProof } from '../platforms/make-proof.ts'
import { toRedirectUri } from './begin-platform-connection.ts'
import { type Begun, beginFlow } from './begun-flow.ts'
import { requirePlatform } from './require-platform.ts'

/** What is begun, and what only the browser that began it knows. */
export interface BegunLogin extends Begun {
  readonly proof: string
}

/**
 * Begins a login with an account at a platform. The edge's own callback page is no place to come back to: it has nobody to give tokens to.
 * @throws AuthError INVALID_FIELD, PLATFORM_NOT_ENABLED, TOO_MANY_PLATFORM_FLOWS, DATABASE_UNAVAILABLE.
 */
export async function beginPlatformLogin(
  deps: Pick<Deps, 'database' | 'platforms' | 'seal' | 'settings' | 'throttle'>,
  caller: Caller,
  input: { readonly platform: string; readonly redirectUri: string },
): Promise<BegunLogin> {
  const platform = requirePlatform(deps, input.platform)
  if (!platform.facts.login) throw new AuthError('PLATFORM_NOT_ENABLED')
  const { callbackUri, redirectUris } = deps.settings.platforms
  const allowed = redirectUris.filter((uri) => uri !== callbackUri)
  const redirectUri = toRedirectUri(allowed, input.redirectUri)
  const proof = makeProof()
  return { ...(await beginFlow(deps, caller, platform, { purpose: 'LOGIN', redirectUri, proof })), proof }
}
