import type { Config } from '../config.ts'
import type { PlatformAccountSettings, Settings } from '../deps.ts'

/** How far the clocks of those who verify tokens may be apart from the database's. */
export const skewMs = 60_000

/** What configuration decides for use-cases, and what it does not let anybody decide. */
export function toSettings(config: Config): Settings {
  return {
    issuer: config.AUTH_ISSUER,
    audience: config.AUTH_AUDIENCE,
    passwordMinLength: config.AUTH_PASSWORD_MIN_LENGTH,
    accessTtlMs: config.AUTH_ACCESS_TTL,
    refreshIdleMs: config.AUTH_REFRESH_IDLE_TTL,
    refreshMaxMs: config.AUTH_REFRESH_MAX_TTL,
    refreshGraceMs: config.AUTH_REFRESH_GRACE,
    loginFloorMs: 150,
    refreshFloorMs: 25,
    skewMs,
    platforms: toPlatformSettings(config),
    keyTimes: {
      rotationMs: config.AUTH_SIGNING_KEY_ROTATION,
      // The client package reads keys again when three quarters of it have passed.
      publishedMaxAgeMs: 300_000,
      ringMaxAgeMs: 30_000,
      ringPollMs: 1_000,
      rotationCheckMs: 10_000,
      skewMs,
      accessTtlMs: config.AUTH_ACCESS_TTL,
      refreshMaxMs: config.AUTH_REFRESH_MAX_TTL,
    },
  }
}

function toPlatformSettings(config: Config): PlatformAccountSettings {
  const callbackUri = new URL(`${config.AUTH_ISSUER.replace(/\/$/, '')}/v1/platform-callback`).href
  return {
    callbackUri,
    redirectUris: config.PLATFORM_REDIRECT_URIS ?? [callbackUri],
    loginCreatesUsers: config.PLATFORM_LOGIN_CREATES_USERS === 'true',
    times: {
      stateMs: 600_000,
      marginMs: 60_000,
      leaseMs: 3 * config.PLATFORM_TIMEOUT,
      waitMs: 15_000,
      lookMs: 50,
      firstPauseMs: 1_000,
      longestPauseMs: 300_000,
      upkeepMs: 5_000,
      revocationTries: 40,
    },
  }
}
