import type { TokenVerifier } from '@immersiverse/auth-client/verifier'
import type { Clock } from './domain/clock.ts'
import type { KeyPurpose, KeyTimes } from './domain/key-life.ts'
import type { PlatformTimes } from './domain/platform-times.ts'
import type { RunningWork } from './domain/running-work.ts'
import type { Platforms } from './platforms/platform.ts'
import type { SingleFlight } from './platforms/single-flight.ts'
import type { AccessTokens } from './security/access-tokens.ts'
import type { DeviceTokens } from './security/device-tokens.ts'
import type { KeyRing } from './security/key-ring.ts'
import type { PasswordPolicy } from './security/password-policy/make-password-policy.ts'
import type { Passwords } from './security/passwords.ts'
import type { RefreshTokens } from './security/refresh-tokens.ts'
import type { Seal } from './security/seal.ts'
import type { Throttle } from './security/throttle.ts'
import type { Database } from './store/database.ts'
import type { NewKey } from './store/keys.ts'
import type { SessionLookup } from './store/session-lookup.ts'
import type { Write } from './store/write.ts'

/** What use-cases are made of; each takes the part it names. `compose.ts` builds it. */
export interface Deps {
  readonly clock: Clock
  readonly newId: () => string
  /** In [0, 1), for jitter. */
  readonly random: () => number
  readonly log: Log
  readonly settings: Settings
  readonly database: Database
  readonly write: Write
  readonly sessionLookup: SessionLookup
  readonly keyRing: KeyRing
  /** Makes a key that nobody knows yet, sealed; a signing key of the configured algorithm. */
  readonly makeKey: (purpose: KeyPurpose) => Promise<NewKey>
  readonly verifier: TokenVerifier
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly deviceTokens: DeviceTokens
  readonly passwordPolicy: PasswordPolicy
  readonly seal: Seal
  readonly platforms: Platforms
  /** Renewals of platforms' tokens that run in this process. */
  readonly renewals: SingleFlight
  /** What platforms are asked for and answer once: kept even where nobody waits any more. */
  readonly platformWork: RunningWork
  /** Called when grants wait to be revoked at their platforms. */
  readonly onPlatformRevocation: () => void
}

/** The part of pino's logger that is used. */
export interface Log {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** What configuration decides about accounts at platforms. */
export interface PlatformAccountSettings {
  readonly times: PlatformTimes
  /** Where platforms may send people back to; the first is meant where none is named. */
  readonly redirectUris: readonly string[]
  /** The edge's own callback page. */
  readonly callbackUri: string
  /** Whether somebody whom no user has connected becomes a user by logging in. */
  readonly loginCreatesUsers: boolean
}

/** What configuration decides for use-cases. */
export interface Settings {
  readonly issuer: string
  readonly audience: string
  readonly passwordMinLength: number
  readonly accessTtlMs: number
  readonly refreshIdleMs: number
  readonly refreshMaxMs: number
  readonly refreshGraceMs: number
  /** Failed logins and refreshes answer no sooner than this after they began, so that time tells nothing (T11). */
  readonly loginFloorMs: number
  readonly refreshFloorMs: number
  /** How far the clocks of those who verify tokens may be apart from the database's. */
  readonly skewMs: number
  readonly keyTimes: KeyTimes
  readonly platforms: PlatformAccountSettings
}
