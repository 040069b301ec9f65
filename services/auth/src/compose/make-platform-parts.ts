import type { Config } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import { makeGuardedFetch, type PlatformFetch } from '../platforms/make-guarded-fetch.ts'
import type { PlatformCall } from '../platforms/make-platform.ts'
import type { PlatformSettings } from '../platforms/make-platforms.ts'
import type { Platforms } from '../platforms/platform.ts'

/** What tests and metrics put in. */
export interface PlatformParts {
  readonly clock: Clock
  readonly fetch: PlatformFetch | undefined
  readonly onCall: (call: PlatformCall) => void
}

/** Of an answer of a platform: tokens and names are far smaller. */
const answerMaxBytes = 256 * 1024

const none: Platforms = Object.freeze({ list: Object.freeze([]), find: () => undefined })

/** Builds the clients of the platforms that are enabled; their library is loaded only where there is one. */
export async function makePlatformParts(
  config: Config,
  { clock, fetch, onCall }: PlatformParts,
): Promise<Platforms> {
  if (config.platforms.length === 0) return none
  const { makePlatforms } = await import('../platforms/make-platforms.ts')
  const guarded = makeGuardedFetch({
    timeoutMs: config.PLATFORM_TIMEOUT,
    maxBytes: answerMaxBytes,
    privateHosts: new Set(config.PLATFORM_PRIVATE_HOSTS.map((host) => host.toLowerCase())),
  })
  const parts = { clock, random: Math.random, fetch: fetch ?? guarded, onCall }
  return makePlatforms(config.platforms.map(toSettings), parts)
}

function toSettings(platform: Config['platforms'][number]): PlatformSettings {
  const { name, clientId, clientSecret, issuer, scopes, pkce, clientAuthentication } = platform
  const { authorizationUrl, tokenUrl, accountUrl, revocationUrl, jwksUrl } = platform
  const endpoints = { authorizationUrl, tokenUrl, accountUrl, revocationUrl, jwksUrl }
  return {
    name,
    clientId,
    clientSecret,
    endpoints: omitUndefined(endpoints),
    ...omitUndefined({ issuer, scopes, pkce, clientAuthentication }),
  }
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

function omitUndefined<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>
}
