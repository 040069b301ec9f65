import { randomBytes } from 'node:crypto'
import { makeDeps } from './compose/make-deps.ts'
import { type Callers, openCallers } from './compose/open-callers.ts'
import { openDatabase } from './compose/open-database.ts'
import { type Listeners, openListeners } from './compose/open-listeners.ts'
import { migrateAsOwner, openOwner } from './compose/open-owner.ts'
import { type Audit, startAudit } from './compose/start-audit.ts'
import { startCounterDeletion } from './compose/start-counter-deletion.ts'
import { startKeyRotation } from './compose/start-key-rotation.ts'
import { startRelay } from './compose/start-relay.ts'
import { startRevocationLane } from './compose/start-revocation-lane.ts'
import { systemClock } from './compose/system-clock.ts'
import type { Config } from './config.ts'
import type { Deps, Log, Settings } from './deps.ts'
import type { Clock } from './domain/clock.ts'
import { toUuidV7 } from './domain/uuid.ts'
import { type Metrics, makeMetrics } from './edge/metrics.ts'
import { makeLogFollower } from './events/log-follower.ts'
import type { Relay } from './events/relay.ts'
import { makeRevocationFollower } from './events/revocation-follower.ts'
import type { RevocationLane } from './events/revocation-lane.ts'
import { makeWatchEvents } from './events/watch-events.ts'
import { makeWatchRevocations } from './events/watch-revocations.ts'
import type { Denial } from './rpc/callers/caller-rules.ts'
import type { PasswordOptions } from './security/passwords.ts'
import type { Database } from './store/database.ts'
import { type Installation, settleEpoch } from './store/epoch.ts'

/** What tests put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock
  /** Cheap hashing. */
  readonly passwords?: Partial<PasswordOptions>
  readonly settings?: Partial<Settings>
  /** A database that is open already; the service closes it. */
  readonly database?: Database
  /** Told of refused callers. */
  readonly onDenied?: (denial: Denial) => void
}

/** The running service. */
export interface Service extends Omit<Listeners, 'close'> {
  readonly deps: Deps
  /** Stops in the reverse order of the start; running calls get `drainMs`. */
  close(drainMs: number): Promise<void>
}

/** Starts everything; what was opened is closed again when a later part fails. */
export async function openService(config: Config, log: Log, overrides: Overrides = {}): Promise<Service> {
  await using stack = new AsyncDisposableStack()
  const clock = overrides.clock ?? systemClock
  const callers = await openCallers(config, { clock, log, onDenied: overrides.onDenied ?? noteDenial })
  stack.defer(() => callers.close())
  const database = overrides.database ?? (await openDatabase(config, log))
  stack.defer(() => database.close())
  const newId = () => toUuidV7(clock.now().getTime(), randomBytes(10))
  const installation = { issuer: config.AUTH_ISSUER, newId }
  const owner = await openOwner(config, database, log, stack)
  await prepare(owner, database, installation)
  const lane = { database, installation, clock, log, random: Math.random }
  const follower = makeLogFollower(database, clock)
  const metrics = makeMetrics()
  const events = { onNumbered: follower.wake, observeNumbering: metrics.timeNumbering('events') }
  const relay = startRelay(config, { ...lane, ...events }, stack)
  const revocationFollower = makeRevocationFollower(database, clock)
  const revocations = {
    onNumbered: revocationFollower.wake,
    observeNumbering: metrics.timeNumbering('revocations'),
  }
  const revocationLane = startRevocationLane(config, { ...lane, ...revocations }, stack)
  const audit = startAudit(config, { ...lane, owner }, stack)
  const { passwords = {}, settings = {} } = overrides
  const onCommitted = () => relay.wake()
  const onRevoked = () => revocationLane.wake()
  const parts = { clock, newId, database, log, onCommitted, onRevoked, passwords, settings }
  let isRedisUp = true
  const onRedis = (isAnswering: boolean) => {
    isRedisUp = isAnswering
  }
  const deps = await makeDeps(config, { ...parts, onLimited: metrics.countLimited, onRedis }, stack)
  const rotation = startKeyRotation(deps, { algorithm: config.AUTH_SIGNING_ALGORITHM, random: Math.random })
  stack.defer(() => rotation.close())
  const deletion = startCounterDeletion(deps, Math.random)
  stack.defer(() => deletion.close())
  watchParts(metrics, config, { audit, callers, deps, relay, revocationLane })
  if (config.REDIS_URL !== undefined) metrics.watch('auth_redis_up', () => Number(isRedisUp))
  const watchEvents = makeWatchEvents({
    database,
    follower,
    clock,
    source: config.AUTH_ISSUER,
    topicPrefix: config.AUTH_TOPIC_PREFIX,
  })
  const watchRevocations = makeWatchRevocations({ database, follower: revocationFollower })
  const listeners = await openListeners(config, {
    deps,
    metrics,
    callers,
    denials: audit.denials,
    watchEvents,
    watchRevocations,
  })
  const { grpcPort, edgePort, adminPort } = listeners
  log.info({ grpcPort, edgePort, adminPort }, 'serving')
  const opened = stack.move()
  const close = async (drainMs: number) => {
    await listeners.close(drainMs)
    await opened.disposeAsync()
  }
  return { deps, grpcPort, edgePort, adminPort, close }
}

/** Brings the schema to this version, and says which database it is: without that no token can be judged. */
async function prepare(owner: Database, database: Database, installation: Installation): Promise<void> {
  try {
    await migrateAsOwner(owner, database)
    await database.transaction((trx) => settleEpoch(trx, installation))
  } catch (cause) {
    throw new Error('cannot prepare the database, see DATABASE_URL and DATABASE_OWNER_URL', { cause })
  }
}

interface WatchedParts {
  readonly audit: Audit
  readonly deps: Deps
  readonly relay: Relay
  readonly revocationLane: RevocationLane
  readonly callers: Callers
}

/** Each refused call has its line in the log already. */
function noteDenial(_denial: Denial): void {}

function watchParts(metrics: Metrics, config: Config, parts: WatchedParts): void {
  const { audit, callers, deps, relay, revocationLane } = parts
  if (config.AUTH_CALLERS_FILE !== undefined) {
    metrics.watch('auth_callers_loaded_timestamp_seconds', () => toSeconds(callers.status().loadedAt))
    metrics.watch('auth_callers_reload_failing', () => Number(callers.status().isFailing))
  }
  if (config.AUTH_TLS_CERT !== undefined) {
    metrics.watch('auth_tls_certificate_expiry_timestamp_seconds', () =>
      toSeconds(callers.status().certificateExpiresAt),
    )
  }
  metrics.watch('auth_relay_leader', () => Number(relay.status().leader))
  metrics.watch('auth_outbox_pending', () => relay.status().pending ?? Number.NaN)
  metrics.watch('auth_signing_key_age_seconds', () => deps.keyRing.status().signingKeyAgeMs / 1000)
  metrics.watch('auth_key_ring_age_seconds', () => deps.keyRing.status().ageMs / 1000)
  metrics.watch('auth_hashing_pending', () => deps.passwords.pending)
  metrics.watch('auth_breached_passwords_unread', () => deps.passwordPolicy.unreadCount)
  metrics.watch('auth_database_queries', () => deps.database.queryCount())
  metrics.watch('auth_revocation_lane_leader', () => Number(revocationLane.status().leader))
  metrics.watch('auth_audit_lane_leader', () => Number(audit.lane.status().leader))
  metrics.watch('auth_audit_chain_entries', () => audit.lane.status().seq ?? Number.NaN)
  metrics.watch('auth_audit_denials_dropped', () => audit.denials.dropped)
  if (config.KAFKA_BROKERS === undefined) return
  metrics.watch('auth_outbox_parked_keys', () => relay.status().parkedKeys ?? Number.NaN)
  metrics.watch('auth_user_states_withheld', () => relay.status().withheldStates ?? Number.NaN)
  metrics.watch('auth_broker_up', () => Number(relay.status().brokerUp ?? false))
  metrics.watch('auth_revocation_broker_up', () => Number(revocationLane.status().brokerUp ?? false))
  metrics.watch('auth_revocation_published_timestamp_seconds', () =>
    toSeconds(revocationLane.status().lastPublishedAt),
  )
  metrics.watch('auth_user_states_published_timestamp_seconds', () =>
    toSeconds(relay.status().statesPublishedAt),
  )
}

function toSeconds(at: Date | undefined): number {
  return at === undefined ? Number.NaN : at.getTime() / 1000
}
