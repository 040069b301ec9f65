import type { Deps } from '../deps.ts'
import { AuthError } from '../domain/errors.ts'
import type { Platform } from '../platforms/platform.ts'

/** The platform of that name. Throws AuthError PLATFORM_NOT_ENABLED. */
export function requirePlatform({ platforms }: Pick<Deps, 'platforms'>, name: string): Platform {
  const platform = platforms.find(name)
  if (platform === undefined) throw new AuthError('PLATFORM_NOT_ENABLED')
  return platform
}
