import type { Deps } from '../deps.ts'

/** The public keys, and how long others may keep them. */
export interface SigningKeys {
  /** A JWK Set (RFC 7517 §5). */
  readonly jwksJson: string
  readonly maxAgeMs: number
}

/** What an instance tells that cannot read the keys itself: others ask again soon, here or elsewhere. */
const staleMaxAgeMs = 5_000

/** The public keys as this instance has last read them; for a short time where that was long ago, for a successor may be planned by now. */
export function getSigningKeys({ keyRing, settings }: Pick<Deps, 'keyRing' | 'settings'>): SigningKeys {
  const { publishedMaxAgeMs, ringMaxAgeMs } = settings.keyTimes
  const isStale = keyRing.status().ageMs > ringMaxAgeMs
  const maxAgeMs = isStale ? Math.min(staleMaxAgeMs, publishedMaxAgeMs) : publishedMaxAgeMs
  return { jwksJson: keyRing.jwksJson, maxAgeMs }
}
