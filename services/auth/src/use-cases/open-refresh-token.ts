import type { Deps } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'
import type { OpenedRefreshToken } from '../security/refresh-tokens.ts'

/**
 * What a refresh token names. Where it names a key that this instance does not know the keys are read first: a token of a new key is no
 * forgery (R10).
 * @throws AuthError INVALID_REFRESH_TOKEN where it is not one of ours, DATABASE_UNAVAILABLE.
 */
export async function openRefreshToken(
  deps: Pick<Deps, 'keyRing' | 'refreshTokens'>,
  token: string,
): Promise<OpenedRefreshToken> {
  if (deps.refreshTokens.namesUnknownKey(token)) await deps.keyRing.reload()
  const opened = deps.refreshTokens.findOpened(token)
  if (opened === undefined) throw new AuthError('INVALID_REFRESH_TOKEN')
  return opened
}
