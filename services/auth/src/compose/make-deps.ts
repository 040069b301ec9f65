import { makeTokenVerifier } from '@immersiverse/auth-client/verifier'
import type { Config } from '../config.ts'
import type { Deps, Log, Settings } from '../deps.ts'
import type { Clock } from '../domain/clock.ts'
import { makeAccessTokens } from '../security/access-tokens.ts'
import { loadKeyRing } from '../security/key-ring.ts'
import { defaultPasswordOptions, makePasswords, type PasswordOptions } from '../security/passwords.ts'
import { makeRefreshTokens } from '../security/refresh-tokens.ts'
import { makeSeal } from '../security/seal.ts'
import type { Database } from '../store/database.ts'
import { makeSessionLookup } from '../store/session-lookup.ts'
import { makeWrite } from '../store/write.ts'
import { getMasterKey } from './open-database.ts'

/** The parts that are open, and what tests set differently. */
export interface DepsParts {
  readonly clock: Clock
  readonly database: Database
  readonly log: Log
  /** Called after a commit that announced something. */
  readonly onCommitted: () => void
  /** Called after a commit that revoked something. */
  readonly onRevoked: () => void
  readonly newId: () => string
  readonly passwords?: Partial<PasswordOptions>
  readonly settings?: Partial<Settings>
}

/** How far the clocks of those who verify tokens may be apart from the database's. */
export const skewMs = 60_000
/** Verified tokens that are remembered: about 1.2 KB each. */
const rememberedTokens = 100_000

/** Builds what use-cases are made of; loads the keys, making the first ones where there are none. */
export async function makeDeps(config: Config, parts: DepsParts): Promise<Deps> {
  const { clock, database, log, newId, onCommitted, onRevoked } = parts
  const settings = { ...toSettings(config), ...parts.settings }
  const keyRing = await loadKeyRing(database, makeSeal(getMasterKey(config)), config.AUTH_SIGNING_ALGORITHM)
  const ttlMs = config.AUTH_ACCESS_TTL
  const { issuer, audience } = settings
  return {
    clock,
    newId,
    log,
    settings,
    database,
    keyRing,
    write: makeWrite({
      database,
      encoding: config.AUTH_EVENT_ENCODING,
      newId,
      coverMs: ttlMs + skewMs,
      onCommitted,
      onRevoked,
    }),
    sessionLookup: makeSessionLookup(database, issuer),
    verifier: makeTokenVerifier({
      keys: keyRing.keySet,
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      maxLifetimeSeconds: ttlMs / 1000,
      rememberedTokens,
    }),
    accessTokens: makeAccessTokens({ key: keyRing.signing, issuer, audience, ttlMs }),
    refreshTokens: makeRefreshTokens(keyRing),
    passwords: await makePasswords({ ...defaultPasswordOptions, ...parts.passwords }),
  }
}

function toSettings(config: Config): Settings {
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
    keysMaxAgeSeconds: 300,
  }
}
