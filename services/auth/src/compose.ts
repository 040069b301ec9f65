import { randomBytes } from 'node:crypto'
import { makeTokenVerifier } from '@immersiverse/auth-client/verifier'
import type { Config } from './config.ts'
import type { Deps, Log, Settings } from './deps.ts'
import type { Clock } from './domain/clock.ts'
import { toUuidV7 } from './domain/uuid.ts'
import { openKafkaSink } from './events/kafka-sink.ts'
import { makeLogFollower } from './events/log-follower.ts'
import { makeLogSink } from './events/log-sink.ts'
import { openRelay, type Relay } from './events/relay.ts'
import type { EventSink } from './events/sink.ts'
import { makeWatchEvents } from './events/watch-events.ts'
import { getMasterKey, openDatabase } from './open-database.ts'
import { type GrpcListener, openGrpc } from './rpc/open-grpc.ts'
import { logRefusal } from './rpc/refusals.ts'
import { makeAccessTokens } from './security/access-tokens.ts'
import { loadKeyRing } from './security/key-ring.ts'
import { defaultPasswordOptions, makePasswords, type PasswordOptions } from './security/passwords.ts'
import { makeRefreshTokens } from './security/refresh-tokens.ts'
import { makeSeal } from './security/seal.ts'
import type { Database } from './store/database.ts'
import { migrate } from './store/migrate.ts'
import { makeSessionLookup } from './store/session-lookup.ts'
import { makeWrite } from './store/write.ts'
import { systemClock } from './system-clock.ts'

/** What tests put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock
  /** Cheap hashing. */
  readonly passwords?: Partial<PasswordOptions>
  readonly settings?: Partial<Settings>
  readonly database?: Database
}

/** The running service. */
export interface Service {
  readonly deps: Deps
  readonly grpcPort: number
  /** Stops in the reverse order of the start; running calls get `drainMs`. */
  close(drainMs: number): Promise<void>
}

/** Starts everything; what was opened is closed again when a later part fails. */
export async function openService(config: Config, log: Log, overrides: Overrides = {}): Promise<Service> {
  await using stack = new AsyncDisposableStack()
  const database = overrides.database ?? (await openDatabase(config, log))
  stack.defer(() => database.close())
  await migrate(database)
  const clock = overrides.clock ?? systemClock
  const follower = makeLogFollower(database, clock)
  const relay = startRelay(config, log, { database, clock, onNumbered: follower.wake }, stack)
  const deps = await makeDeps(config, log, { ...overrides, clock, database }, () => relay.wake())
  const watchEvents = makeWatchEvents({
    database,
    follower,
    clock,
    source: config.AUTH_ISSUER,
    topicPrefix: config.AUTH_TOPIC_PREFIX,
  })
  let drainMs = 1000
  const grpc: GrpcListener = await openGrpc({
    deps,
    watchEvents,
    listen: config.AUTH_GRPC_LISTEN,
    onFinished: (call) => logRefusal(log, call),
  })
  stack.defer(() => grpc.close(drainMs))
  log.info({ grpc: grpc.port }, 'serving')
  const opened = stack.move()
  return {
    deps,
    grpcPort: grpc.port,
    close: async (ms) => {
      drainMs = ms
      await opened.disposeAsync()
    },
  }
}

function startRelay(
  config: Config,
  log: Log,
  parts: { readonly database: Database; readonly clock: Clock; readonly onNumbered: () => void },
  stack: AsyncDisposableStack,
): Relay {
  const sink = openSink(config, log)
  stack.defer(() => sink.close())
  const relay = openRelay({ ...parts, sink, log, random: Math.random })
  stack.defer(() => relay.close())
  return relay
}

function openSink(config: Config, log: Log): EventSink {
  const { KAFKA_BROKERS: brokers } = config
  if (brokers === undefined) return makeLogSink()
  return openKafkaSink({
    connection: { brokers },
    topicPrefix: config.AUTH_TOPIC_PREFIX,
    retentionMs: config.AUTH_EVENT_RETENTION,
    source: config.AUTH_ISSUER,
    log,
  })
}

/** Builds what use-cases are made of. */
export async function makeDeps(
  config: Config,
  log: Log,
  parts: Overrides & { readonly clock: Clock; readonly database: Database },
  onCommitted: () => void,
): Promise<Deps> {
  const { clock, database } = parts
  const settings = { ...toSettings(config), ...parts.settings }
  const newId = () => toUuidV7(clock.now().getTime(), randomBytes(10))
  const keyRing = await loadKeyRing(database, makeSeal(getMasterKey(config)), config.AUTH_SIGNING_ALGORITHM)
  const ttlMs = config.AUTH_ACCESS_TTL
  return {
    clock,
    newId,
    log,
    settings,
    database,
    keyRing,
    write: makeWrite({ database, encoding: config.AUTH_EVENT_ENCODING, newId, onCommitted }),
    sessionLookup: makeSessionLookup(database),
    verifier: makeTokenVerifier({
      keys: keyRing.keySet,
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      maxLifetimeSeconds: ttlMs / 1000,
      rememberedTokens: 100_000,
    }),
    accessTokens: makeAccessTokens({
      key: keyRing.signing,
      issuer: settings.issuer,
      audience: settings.audience,
      ttlMs,
    }),
    refreshTokens: makeRefreshTokens(keyRing),
    passwords: await makePasswords({ ...defaultPasswordOptions, ...parts.passwords }),
  }
}

function toSettings(config: Config): Settings {
  return {
    issuer: config.AUTH_ISSUER,
    audience: config.AUTH_AUDIENCE,
    passwordMinLength: config.AUTH_PASSWORD_MIN_LENGTH,
    refreshIdleMs: config.AUTH_REFRESH_IDLE_TTL,
    refreshMaxMs: config.AUTH_REFRESH_MAX_TTL,
    refreshGraceMs: config.AUTH_REFRESH_GRACE,
    loginFloorMs: 150,
    refreshFloorMs: 25,
    keysMaxAgeSeconds: 300,
  }
}
