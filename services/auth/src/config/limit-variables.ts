import type { PlaintextPart } from './allowed-plaintext.ts'
import { limits, units, url } from './formats.ts'

/** How often something may fail or be tried, and where it is counted. */
export const limitVariables = {
  // An account has two names, so that 50 are the 100 of NIST 800-63B-4 §3.2.2.
  AUTH_LOGIN_ATTEMPTS: limits.default([
    { count: 10, windowMs: 15 * units.m },
    { count: 50, windowMs: 30 * units.d },
  ]),
  AUTH_LOGIN_ATTEMPTS_PER_ADDRESS: limits.default([{ count: 100, windowMs: 15 * units.m }]),
  AUTH_LOGIN_FAILURES: limits.default([{ count: 3000, windowMs: units.m }]),
  AUTH_SIGN_UPS_PER_ADDRESS: limits.default([{ count: 30, windowMs: units.h }]),
  // Each is a row for ten minutes; whole schools and offices share an address.
  AUTH_PLATFORM_LOGINS_PER_ADDRESS: limits.default([{ count: 300, windowMs: 15 * units.m }]),
  AUTH_PASSWORD_CHANGE_ATTEMPTS: limits.default([{ count: 10, windowMs: 15 * units.m }]),
  AUTH_REFRESH_FAILURES_PER_ADDRESS: limits.default([{ count: 100, windowMs: 5 * units.m }]),
  REDIS_URL: url('redis:', 'rediss:').optional(),
}

/** What the counters' place may not be, one line each: whoever changes them on the way guesses without end. */
export function findLimitConflicts(settings: {
  readonly REDIS_URL?: string | undefined
  readonly AUTH_ALLOW_PLAINTEXT: ReadonlySet<PlaintextPart>
}): string[] {
  if (settings.REDIS_URL === undefined || settings.AUTH_ALLOW_PLAINTEXT.has('redis')) return []
  const { hostname, protocol } = new URL(settings.REDIS_URL)
  if (protocol === 'rediss:' || /^(localhost|127\..*|\[::1\])$/.test(hostname)) return []
  return [
    `REDIS_URL: ${hostname} is not loopback and has no TLS (rediss:); AUTH_ALLOW_PLAINTEXT=redis allows it`,
  ]
}
