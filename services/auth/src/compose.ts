import { randomBytes } from 'node:crypto'
import { makeDeps } from './compose/make-deps.ts'
import { openCallers } from './compose/open-callers.ts'
import { openDatabase } from './compose/open-database.ts'
import { openKafkaConnection } from './compose/open-kafka-connection.ts'
import { type Listeners, openListeners } from './compose/open-listeners.ts'
import { migrateAsOwner, openOwner } from './compose/open-owner.ts'
import { startCounterDeletion } from './compose/start-counter-deletion.ts'
import { startKeyRotation } from './compose/start-key-rotation.ts'
import { startLanes } from './compose/start-lanes.ts'
import { type PlatformUpkeep, startPlatformUpkeep } from './compose/start-platform-upkeep.ts'
import { systemClock } from './compose/system-clock.ts'
import { watchParts } from './compose/watch-parts.ts'
import type { Config } from './config.ts'
import type { Deps, Log, Settings } from './deps.ts'
import type { Clock } from './domain/clock.ts'
import { toUuidV7 } from './domain/uuid.ts'
import { makeMetrics } from './edge/metrics.ts'
import type { PlatformFetch } from './platforms/make-guarded-fetch.ts'
import type { PasswordOptions } from './security/passwords.ts'
import type { Database } from './store/database.ts'
import { type Installation, settleEpoch } from './store/epoch.ts'

/** What tests put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock
  /** Cheap hashing. */
  readonly passwords?: Partial<PasswordOptions>
  readonly settings?: Partial<Settings>
  /** In the place of the network towards platforms. */
  readonly platformFetch?: PlatformFetch
  /** A database that is open already; the service closes it. */
  readonly database?: Database
}

/** The running service. */
export interface Service extends Omit<Listeners, 'close'> {
  readonly deps: Deps
  /**
   * Stops in the reverse order of the start. For `delayMs`, 0 unless given, it says that it is not ready and goes on to serve; then running
   * calls get `drainMs`.
   */
  close(drainMs: number, delayMs?: number): Promise<void>
}

/** Starts everything; what was opened is closed again when a later part fails. */
export async function openService(config: Config, log: Log, overrides: Overrides = {}): Promise<Service> {
  await using stack = new AsyncDisposableStack()
  const clock = overrides.clock ?? systemClock
  const callers = await openCallers(config, { clock, log })
  stack.defer(() => callers.close())
  const kafka = await openKafkaConnection(config, { clock, log })
  stack.defer(() => kafka.close())
  const database = overrides.database ?? (await openDatabase(config, log))
  stack.defer(() => database.close())
  const newId = () => toUuidV7(clock.now().getTime(), randomBytes(10))
  const installation = { issuer: config.AUTH_ISSUER, newId }
  const owner = await openOwner(config, database, log, stack)
  await prepare(config, { owner, database }, installation)
  const lane = { database, installation, clock, log, random: Math.random }
  const metrics = makeMetrics()
  const lanes = startLanes(config, { ...lane, owner, kafka: kafka.connection }, metrics, stack)
  const { audit, relay, revocationLane } = lanes
  const { passwords = {}, settings = {}, platformFetch } = overrides
  let upkeep: PlatformUpkeep | undefined
  const onCommitted = () => relay.wake()
  const onRevoked = () => revocationLane.wake()
  const parts = { clock, newId, database, log, onCommitted, onRevoked, passwords, settings }
  let isRedisUp = true
  const onRedis = (isAnswering: boolean) => {
    isRedisUp = isAnswering
  }
  const platformParts = {
    ...(platformFetch ? { platformFetch } : {}),
    onPlatformCall: metrics.observePlatformCall,
    onPlatformRevocation: () => upkeep?.wake(),
  }
  const limitParts = { onLimited: metrics.countLimited, onRedis }
  const deps = await makeDeps(config, { ...parts, ...limitParts, ...platformParts }, stack)
  const rotation = startKeyRotation(deps, { algorithm: config.AUTH_SIGNING_ALGORITHM, random: Math.random })
  stack.defer(() => rotation.close())
  const deletion = startCounterDeletion(deps, Math.random)
  stack.defer(() => deletion.close())
  const platformUpkeep = startPlatformUpkeep(deps)
  upkeep = platformUpkeep
  stack.defer(() => platformUpkeep.close())
  watchParts(metrics, config, { audit, callers, deps, kafka, relay, revocationLane })
  if (config.REDIS_URL !== undefined) metrics.watch('auth_redis_up', () => Number(isRedisUp))
  const { watchEvents, watchRevocations } = lanes
  const { denials } = audit
  const served = { deps, metrics, callers, denials, watchEvents, watchRevocations }
  const listeners = await openListeners(config, served)
  const { grpcPort, edgePort, adminPort } = listeners
  log.info({ grpcPort, edgePort, adminPort }, 'serving')
  const opened = stack.move()
  const close = async (drainMs: number, delayMs = 0) => {
    await listeners.close(drainMs, delayMs)
    await opened.disposeAsync()
  }
  return { deps, grpcPort, edgePort, adminPort, close }
}

/** Brings the schema to this version, and says which database it is: without that no token can be judged. */
async function prepare(
  config: Config,
  { owner, database }: { readonly owner: Database; readonly database: Database },
  installation: Installation,
): Promise<void> {
  try {
    await migrateAsOwner(owner, database)
    await database.transaction((trx) => settleEpoch(trx, installation))
  } catch (cause) {
    const variables = `DATABASE_URL${config.DATABASE_OWNER_URL === undefined ? '' : ' and DATABASE_OWNER_URL'}`
    throw new Error(`cannot prepare the database, see ${variables}`, { cause })
  }
}
