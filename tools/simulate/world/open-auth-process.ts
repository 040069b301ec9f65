import type { Deps } from '../../../services/auth/src/deps.ts'
import { noLimits } from '../../../services/auth/src/domain/limit.ts'
import { makeRunningWork } from '../../../services/auth/src/domain/running-work.ts'
import type { LaneRunner } from '../../../services/auth/src/events/lane-runner.ts'
import {
  makeRevocationFollower,
  type RevocationFollower,
} from '../../../services/auth/src/events/revocation-follower.ts'
import { openRevocationLane } from '../../../services/auth/src/events/revocation-lane.ts'
import {
  makeWatchRevocations,
  type WatchRevocations,
} from '../../../services/auth/src/events/watch-revocations.ts'
import { makeDatabaseCounters } from '../../../services/auth/src/security/database-counters.ts'
import { makeDeviceTokens } from '../../../services/auth/src/security/device-tokens.ts'
import type { KeyRing } from '../../../services/auth/src/security/key-ring.ts'
import { openKeyRing } from '../../../services/auth/src/security/open-key-ring.ts'
import { makeRefreshTokens } from '../../../services/auth/src/security/refresh-tokens.ts'
import { makeThrottle } from '../../../services/auth/src/security/throttle.ts'
import type { Database } from '../../../services/auth/src/store/database.ts'
import { type Installation, settleEpoch } from '../../../services/auth/src/store/epoch.ts'
import { insertFirstKey } from '../../../services/auth/src/store/keys.ts'
import { makeSessionLookup } from '../../../services/auth/src/store/session-lookup.ts'
import { makeWrite } from '../../../services/auth/src/store/write.ts'
import type { refreshToken } from '../../../services/auth/src/use-cases/refresh-token.ts'
import { makeFastPasswords } from './fast-passwords.ts'
import { makeFastAccessTokens, makeFastTokenVerifier } from './fast-tokens.ts'
import type { WorldSettings } from './settings.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import { seal, type WorldKeys } from './world-keys.ts'

/** What an instance of the service is made of in the simulation, and where a variant puts something else. */
export interface AuthParts {
  readonly process: SimulatedProcess
  readonly database: Database
  readonly settings: WorldSettings
  readonly newId: () => string
  readonly keys: WorldKeys
  readonly variant: ServiceVariant
}

/** What a broken service does otherwise. */
export interface ServiceVariant {
  readonly database?: (database: Database) => Database
  readonly coverMs?: (coverMs: number) => number
  readonly deps?: (deps: Deps, parts: AuthParts) => Deps
  readonly follower?: (database: Database, process: SimulatedProcess) => RevocationFollower
  readonly watch?: (watch: WatchRevocations, process: SimulatedProcess) => WatchRevocations
  /** In the place of the use-case. */
  readonly refresh?: typeof refreshToken
}

/** A running instance: the service's use-cases are called with its `deps`. */
export interface AuthProcess {
  readonly process: SimulatedProcess
  readonly deps: Deps
  readonly lane: LaneRunner
  readonly watchRevocations: WatchRevocations
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const retryStartMs = 200

/**
 * Starts an instance as `compose.ts` does, of the real parts: use-cases, look-up, keys, lane of revocations, follower and streams. Stand-ins
 * are hashing, signatures, ids and clocks. Tries until the database answers.
 */
export async function openAuthProcess(parts: AuthParts): Promise<AuthProcess> {
  const { newId, process, settings, variant } = parts
  const database = variant.database?.(parts.database) ?? parts.database
  const installation = { issuer: settings.service.issuer, newId }
  const ring = await openRing(parts, database, installation)
  const follower = variant.follower?.(database, process) ?? makeRevocationFollower(database, process.clock)
  const lane = openRevocationLane({
    database,
    installation,
    clock: process.clock,
    log: silent,
    random: process.random.next,
    onNumbered: follower.wake,
    deleteEveryMs: settings.deleteEveryMs,
  })
  const plain = makeDeps(parts, database, ring, () => lane.wake())
  const watch = makeWatchRevocations({ database, follower })
  return {
    process,
    deps: variant.deps?.(plain, parts) ?? plain,
    lane,
    watchRevocations: variant.watch?.(watch, process) ?? watch,
  }
}

/** Says which database it is, and reads the keys; tries until the database answers. */
async function openRing(parts: AuthParts, database: Database, installation: Installation): Promise<KeyRing> {
  const { clock, random } = parts.process
  const times = parts.settings.service.keyTimes
  for (;;) {
    try {
      await database.transaction((trx) => settleEpoch(trx, installation))
      for (const key of parts.keys.first) await insertFirstKey(database.kysely, key)
      const options = { database, seal, times, clock, random: random.next, log: silent }
      return await openKeyRing({ ...options, makeKey: parts.keys.make })
    } catch {
      await clock.sleep(retryStartMs)
    }
  }
}

function makeDeps(parts: AuthParts, database: Database, ring: KeyRing, onRevoked: () => void): Deps {
  const { keys, newId, process, settings, variant } = parts
  const { issuer, audience, accessTtlMs } = settings.service
  return {
    clock: process.clock,
    newId,
    log: silent,
    settings: settings.service,
    database,
    write: makeWrite({
      database,
      encoding: 'protobuf',
      newId,
      coverMs: variant.coverMs?.(settings.coverMs) ?? settings.coverMs,
      onCommitted: () => undefined,
      onRevoked,
    }),
    sessionLookup: makeSessionLookup(database, issuer),
    keyRing: ring,
    makeKey: keys.make,
    verifier: makeFastTokenVerifier(accessTtlMs / 1000, ring.verifying),
    accessTokens: makeFastAccessTokens({ issuer, audience, ttlMs: accessTtlMs }),
    refreshTokens: makeRefreshTokens(ring),
    passwords: makeFastPasswords(process),
    throttle: makeThrottle({
      limits: noLimits,
      counters: makeDatabaseCounters(database),
      keyRing: ring,
      clock: process.clock,
      onRefused: () => undefined,
    }),
    deviceTokens: makeDeviceTokens(ring, process.clock),
    passwordPolicy: { findFault: async () => undefined, unreadCount: 0 },
    random: process.random.next,
    seal,
    platforms: { list: [], find: () => undefined },
    renewals: { join: (_key, work) => work() },
    platformWork: makeRunningWork(),
    onPlatformRevocation: () => undefined,
  }
}
