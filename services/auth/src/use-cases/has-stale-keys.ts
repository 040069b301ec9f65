import type { Deps } from '../deps.ts'

/**
 * Whether this instance read its keys longer ago than an instance may that makes tokens: by now another key may make them, or the database
 * that took over may never have known this one. Whoever is about to make a token reads the keys first.
 */
export function hasStaleKeys({ keyRing, settings }: Pick<Deps, 'keyRing' | 'settings'>): boolean {
  return keyRing.status().ageMs > settings.keyTimes.ringMaxAgeMs
}
