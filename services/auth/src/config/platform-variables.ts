import { z } from 'zod'
import { duration, units } from './formats.ts'

/** A list with commas between. */
const list = z.string().transform((text) => text.split(',').map((item) => item.trim()))

/** A redirect URI as it is compared: absolute, in its normal form, without query and fragment. */
const redirectUris = list.refine((uris) => uris.every(isRedirectUri), {
  error: 'must be URLs with https: (or http: of loopback), without query or fragment, in their normal form',
})

/** Platform accounts: what holds for all platforms. Each platform's own variables are read by `readPlatforms`. */
export const platformVariables = {
  PLATFORM_REDIRECT_URIS: redirectUris.optional(),
  PLATFORM_LOGIN_CREATES_USERS: z.enum(['true', 'false']).default('false'),
  PLATFORM_PRIVATE_HOSTS: list.default([]),
  PLATFORM_TIMEOUT: duration.default(10 * units.s),
}

function isRedirectUri(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, href, search, hash } = new URL(text)
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  return (
    href === text &&
    search === '' &&
    hash === '' &&
    (protocol === 'https:' || (protocol === 'http:' && isLoopback))
  )
}
