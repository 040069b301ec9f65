import type { Clock } from '../domain/clock.ts'
import { makeCircuitBreaker } from './circuit-breaker.ts'
import { knownPlatforms } from './known-platforms.ts'
import type { PlatformFetch } from './make-guarded-fetch.ts'
import { makeOidcFacts } from './make-oidc-facts.ts'
import { makePlatform, type PlatformCall } from './make-platform.ts'
import type { Platforms } from './platform.ts'
import type { PlatformClient, PlatformEndpoints, PlatformFacts } from './platform-facts.ts'

/** What configuration says of one platform; what is not said is as its file has it. */
export interface PlatformSettings extends PlatformClient {
  readonly name: string
  /** Needed by what has no file here. */
  readonly issuer?: string
  readonly endpoints: Partial<PlatformEndpoints>
  readonly scopes?: readonly string[]
  readonly pkce?: boolean
  readonly clientAuthentication?: 'post' | 'basic'
}

/** What all platforms share. */
export interface PlatformsParts {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** In [0, 1), for jitter. */
  readonly random: () => number
  readonly fetch: PlatformFetch
  readonly onCall: (call: PlatformCall) => void
}

/** Makes the clients of the platforms that are configured. Throws a plain Error for one that is neither known nor described. */
export function makePlatforms(settings: readonly PlatformSettings[], parts: PlatformsParts): Platforms {
  const { clock, fetch, onCall, random } = parts
  const list = settings.map((one) => {
    const { clientId, clientSecret } = one
    const breaker = makeCircuitBreaker(clock, random)
    return makePlatform(toFacts(one), { client: { clientId, clientSecret }, fetch, breaker, onCall })
  })
  const byName = new Map(list.map((platform) => [platform.facts.name, platform]))
  return { list, find: (name) => byName.get(name) }
}

/** The platform's file, with what the configuration says instead. */
export function toFacts(settings: PlatformSettings): PlatformFacts {
  const { name, issuer, endpoints, scopes, pkce, clientAuthentication } = settings
  const known = knownPlatforms.get(name) ?? toOidcFacts(settings)
  return {
    ...known,
    ...endpoints,
    ...(issuer === undefined ? {} : { issuer }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(pkce === undefined ? {} : { pkce }),
    ...(clientAuthentication === undefined ? {} : { clientAuthentication }),
  }
}

function toOidcFacts({ name, issuer, endpoints }: PlatformSettings): PlatformFacts {
  const { authorizationUrl, tokenUrl, jwksUrl, revocationUrl } = endpoints
  if (!issuer || !authorizationUrl || !tokenUrl || !jwksUrl)
    throw new Error(`the platform ${name} is not described`)
  return makeOidcFacts({
    name,
    issuer,
    authorizationUrl,
    tokenUrl,
    jwksUrl,
    revocationUrl,
    accountUrl: undefined,
  })
}
