import { makeTokenVerifier } from '@immersiverse/auth-client/verifier'
import type { ErrorReasonName } from '@immersiverse/auth-contract'
import type { Config } from '../config.ts'
import type { Deps, Log, Settings } from '../deps.ts'
import type { Clock } from '../domain/clock.ts'
import type { KeyPurpose } from '../domain/key-life.ts'
import { makeRunningWork } from '../domain/running-work.ts'
import type { PlatformFetch } from '../platforms/make-guarded-fetch.ts'
import type { PlatformCall } from '../platforms/make-platform.ts'
import { makeSingleFlight } from '../platforms/single-flight.ts'
import { makeAccessTokens } from '../security/access-tokens.ts'
import { makeDeviceTokens } from '../security/device-tokens.ts'
import { makeNewKey } from '../security/make-new-key.ts'
import { openKeyRing } from '../security/open-key-ring.ts'
import { defaultPasswordOptions, openPasswords, type PasswordOptions } from '../security/passwords.ts'
import { makeRefreshTokens } from '../security/refresh-tokens.ts'
import { makeSeal } from '../security/seal.ts'
import { makeThrottle } from '../security/throttle.ts'
import type { Database } from '../store/database.ts'
import { makeSessionLookup } from '../store/session-lookup.ts'
import { makeWrite } from '../store/write.ts'
import { makeConfiguredPolicy } from './make-configured-policy.ts'
import { makePlatformParts } from './make-platform-parts.ts'
import { openCounters } from './open-counters.ts'
import { getMasterKeys } from './open-database.ts'
import { toLimits } from './to-limits.ts'
import { toPasswordOptions } from './to-password-options.ts'
import { toSettings } from './to-settings.ts'

/** The parts that are open, and what tests set differently. */
export interface DepsParts {
  readonly clock: Clock
  readonly database: Database
  readonly log: Log
  /** Called after a commit that announced something. */
  readonly onCommitted: () => void
  /** Called after a commit that revoked something. */
  readonly onRevoked: () => void
  /** Called with every refusal by a limit. */
  readonly onLimited?: (reason: ErrorReasonName) => void
  /** Called when Redis begins or stops to count; what it throws, the use-case throws that asked. */
  readonly onRedis?: (isAnswering: boolean) => void
  readonly newId: () => string
  readonly passwords?: Partial<PasswordOptions>
  readonly settings?: Partial<Settings>
  /** In the place of the network. */
  readonly platformFetch?: PlatformFetch
  readonly onPlatformCall?: (call: PlatformCall) => void
  readonly onPlatformRevocation?: () => void
}

/** Verified tokens that are remembered: about 1.2 KB each. */
const rememberedTokens = 100_000

/** Builds what use-cases are made of; `stack` closes what is open of it. Makes the first keys where there are none. */
export async function makeDeps(config: Config, parts: DepsParts, stack: AsyncDisposableStack): Promise<Deps> {
  const { clock, database, log, newId, onCommitted, onRevoked } = parts
  const settings = { ...toSettings(config), ...parts.settings }
  const seal = makeSeal(getMasterKeys(config))
  const algorithm = config.AUTH_SIGNING_ALGORITHM
  const times = settings.keyTimes
  const makeKey = (purpose: KeyPurpose) => makeNewKey(purpose, algorithm, seal)
  const keyRing = await openKeyRing({ database, seal, makeKey, times, clock, random: Math.random, log })
  stack.defer(() => keyRing.close())
  const passwords = openPasswords({
    ...defaultPasswordOptions,
    ...toPasswordOptions(config),
    ...parts.passwords,
    onThreadEnded: (error) =>
      log.error({ err: error }, 'a hashing thread ended; another one takes its place'),
  })
  stack.defer(() => passwords.close())
  const ttlMs = config.AUTH_ACCESS_TTL
  const { issuer, audience } = settings
  return {
    clock,
    newId,
    random: Math.random,
    log,
    settings,
    database,
    keyRing,
    makeKey,
    write: makeWrite({
      database,
      encoding: config.AUTH_EVENT_ENCODING,
      newId,
      coverMs: ttlMs + settings.skewMs,
      onCommitted,
      onRevoked,
    }),
    sessionLookup: makeSessionLookup(database, issuer),
    verifier: makeTokenVerifier({
      keys: keyRing.verifying,
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      maxLifetimeSeconds: ttlMs / 1000,
      rememberedTokens,
    }),
    accessTokens: makeAccessTokens({ issuer, audience, ttlMs }),
    refreshTokens: makeRefreshTokens(keyRing),
    passwords,
    throttle: makeThrottle({
      limits: toLimits(config),
      counters: await openCounters(config, parts, stack),
      keyRing,
      clock,
      onRefused: parts.onLimited ?? (() => undefined),
    }),
    deviceTokens: makeDeviceTokens(keyRing, clock),
    passwordPolicy: makeConfiguredPolicy(config, log),
    seal,
    platforms: await makePlatformParts(config, {
      clock,
      fetch: parts.platformFetch,
      onCall: parts.onPlatformCall ?? (() => undefined),
    }),
    renewals: makeSingleFlight(),
    platformWork: makeRunningWork(),
    onPlatformRevocation: parts.onPlatformRevocation ?? (() => undefined),
  }
}
