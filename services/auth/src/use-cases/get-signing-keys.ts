import type { Deps } from '../deps.ts'
import { hasStaleKeys } from './has-stale-keys.ts'

/** The public keys, and how long others may keep them. */
export interface SigningKeys {
  /** A JWK Set (RFC 7517 §5). */
  readonly jwksJson: string
  readonly maxAgeMs: number
}

/** What an instance tells that cannot read the keys itself: others ask again soon, here or elsewhere. */
const staleMaxAgeMs = 5_000

/** The public keys as this instance has last read them; for a short time where that was long ago, for a successor may be planned by now. */
export function getSigningKeys(deps: Pick<Deps, 'keyRing' | 'settings'>): SigningKeys {
  const { publishedMaxAgeMs } = deps.settings.keyTimes
  const maxAgeMs = hasStaleKeys(deps) ? Math.min(staleMaxAgeMs, publishedMaxAgeMs) : publishedMaxAgeMs
  return { jwksJson: deps.keyRing.jwksJson, maxAgeMs }
}
