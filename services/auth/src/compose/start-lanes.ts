import type { Config } from '../config.ts'
import type { Metrics } from '../edge/metrics.ts'
import type { KafkaConnection } from '../events/kafka-connection.ts'
import { makeLogFollower } from '../events/log-follower.ts'
import type { Relay } from '../events/relay.ts'
import { makeRevocationFollower } from '../events/revocation-follower.ts'
import type { RevocationLane } from '../events/revocation-lane.ts'
import { makeWatchEvents } from '../events/watch-events.ts'
import { makeWatchRevocations } from '../events/watch-revocations.ts'
import type { WatchEvents } from '../rpc/open-grpc.ts'
import type { WatchRevocations } from '../rpc/revocation-streams.ts'
import { type Audit, startAudit } from './start-audit.ts'
import { startRelay } from './start-relay.ts'
import { startRevocationLane } from './start-revocation-lane.ts'

/** The three lanes: events, revocations and the audit trail, and how the first two are followed. */
export interface Lanes {
  readonly relay: Relay
  readonly revocationLane: RevocationLane
  readonly audit: Audit
  readonly watchEvents: WatchEvents
  readonly watchRevocations: WatchRevocations
}

/** Starts them; `stack` closes them. */
export function startLanes(
  config: Config,
  parts: Parameters<typeof startAudit>[1] & { readonly kafka: KafkaConnection | undefined },
  metrics: Pick<Metrics, 'timeNumbering'>,
  stack: AsyncDisposableStack,
): Lanes {
  const { clock, database } = parts
  const follower = makeLogFollower(database, clock)
  const events = { onNumbered: follower.wake, observeNumbering: metrics.timeNumbering('events') }
  const relay = startRelay(config, { ...parts, ...events }, stack)
  const revocationFollower = makeRevocationFollower(database, clock)
  const revocations = {
    onNumbered: revocationFollower.wake,
    observeNumbering: metrics.timeNumbering('revocations'),
  }
  const revocationLane = startRevocationLane(config, { ...parts, ...revocations }, stack)
  const audit = startAudit(config, parts, stack)
  const watchEvents = makeWatchEvents({
    database,
    follower,
    clock,
    source: config.AUTH_ISSUER,
    topicPrefix: config.AUTH_TOPIC_PREFIX,
  })
  const watchRevocations = makeWatchRevocations({ database, follower: revocationFollower })
  return { relay, revocationLane, audit, watchEvents, watchRevocations }
}
