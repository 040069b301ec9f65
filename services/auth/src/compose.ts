import { randomBytes } from 'node:crypto'
import { makeDeps } from './compose/make-deps.ts'
import { migrateConfigured } from './compose/migrate-configured.ts'
import { openDatabase } from './compose/open-database.ts'
import { type Listeners, openListeners } from './compose/open-listeners.ts'
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
  const database = overrides.database ?? (await openDatabase(config, log))
  stack.defer(() => database.close())
  const clock = overrides.clock ?? systemClock
  const newId = () => toUuidV7(clock.now().getTime(), randomBytes(10))
  const installation = { issuer: config.AUTH_ISSUER, newId }
  await prepare(config, database, installation, log)
  const lane = { database, installation, clock, log, random: Math.random }
  const follower = makeLogFollower(database, clock)
  const relay = startRelay(config, { ...lane, onNumbered: follower.wake }, stack)
  const revocationFollower = makeRevocationFollower(database, clock)
  const revocationLane = startRevocationLane(config, { ...lane, onNumbered: revocationFollower.wake }, stack)
  const { passwords = {}, settings = {} } = overrides
  const onCommitted = () => relay.wake()
  const onRevoked = () => revocationLane.wake()
  const parts = { clock, newId, database, log, onCommitted, onRevoked, passwords, settings }
  const deps = await makeDeps(config, parts, stack)
  const rotation = startKeyRotation(deps, { algorithm: config.AUTH_SIGNING_ALGORITHM, random: Math.random })
  stack.defer(() => rotation.close())
  const metrics = makeMetrics()
  watchParts(metrics, config, { deps, relay, revocationLane })
  const watchEvents = makeWatchEvents({
    database,
    follower,
    clock,
    source: config.AUTH_ISSUER,
    topicPrefix: config.AUTH_TOPIC_PREFIX,
  })
  const watchRevocations = makeWatchRevocations({ database, follower: revocationFollower })
  const listeners = await openListeners(config, { deps, metrics, watchEvents, watchRevocations })
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
async function prepare(
  config: Config,
  database: Database,
  installation: Installation,
  log: Log,
): Promise<void> {
  try {
    await migrateConfigured(config, database, log)
    await database.transaction((trx) => settleEpoch(trx, installation))
  } catch (cause) {
    const variables = `DATABASE_URL${config.DATABASE_OWNER_URL === undefined ? '' : ' and DATABASE_OWNER_URL'}`
    throw new Error(`cannot prepare the database, see ${variables}`, { cause })
  }
}

interface WatchedParts {
  readonly deps: Deps
  readonly relay: Relay
  readonly revocationLane: RevocationLane
}

function watchParts(metrics: Metrics, config: Config, { deps, relay, revocationLane }: WatchedParts): void {
  metrics.watch('auth_relay_leader', () => Number(relay.status().leader))
  metrics.watch('auth_outbox_pending', () => relay.status().pending ?? Number.NaN)
  metrics.watch('auth_signing_key_age_seconds', () => deps.keyRing.status().signingKeyAgeMs / 1000)
  metrics.watch('auth_key_ring_age_seconds', () => deps.keyRing.status().ageMs / 1000)
  metrics.watch('auth_hashing_pending', () => deps.passwords.pending)
  metrics.watch('auth_breached_passwords_unread', () => deps.passwordPolicy.unreadCount)
  metrics.watch('auth_database_queries', () => deps.database.queryCount())
  metrics.watch('auth_revocation_lane_leader', () => Number(revocationLane.status().leader))
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
