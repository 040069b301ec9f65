import { z } from 'zod'
import { duration, rotation, units, url } from './formats.ts'

/** What tokens say and how long they live. */
export const tokenVariables = {
  AUTH_ISSUER: url('http:', 'https:').default('http://localhost:8080'),
  AUTH_AUDIENCE: z.string().min(1).max(256).default('immersiverse'),
  AUTH_SIGNING_ALGORITHM: z.enum(['ES256', 'RS256', 'EdDSA']).default('ES256'),
  AUTH_SIGNING_KEY_ROTATION: rotation.default(30 * units.d),
  AUTH_ACCESS_TTL: duration.default(10 * units.m),
  AUTH_REFRESH_IDLE_TTL: duration.default(30 * units.d),
  AUTH_REFRESH_MAX_TTL: duration.default(90 * units.d),
  AUTH_REFRESH_GRACE: duration.default(10 * units.s),
}

type TokenSettings = z.infer<z.ZodObject<typeof tokenVariables>>

/** What the lifetimes may not be, one line each. */
export function findTokenConflicts(settings: TokenSettings): string[] {
  const faults: string[] = []
  if (settings.AUTH_REFRESH_IDLE_TTL > settings.AUTH_REFRESH_MAX_TTL) {
    faults.push('AUTH_REFRESH_IDLE_TTL: must not be above AUTH_REFRESH_MAX_TTL')
  }
  // What shows a theft has to come while the family lives, or its access tokens would live on.
  if (settings.AUTH_REFRESH_IDLE_TTL < settings.AUTH_ACCESS_TTL + settings.AUTH_REFRESH_GRACE) {
    faults.push('AUTH_REFRESH_IDLE_TTL: must not be below AUTH_ACCESS_TTL and AUTH_REFRESH_GRACE together')
  }
  if (settings.AUTH_ACCESS_TTL < 1000 || settings.AUTH_ACCESS_TTL > units.d) {
    faults.push('AUTH_ACCESS_TTL: must be 1s to 1d')
  }
  return faults
}
