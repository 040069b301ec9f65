import { status } from '@grpc/grpc-js'
import type { ErrorReasonName } from '@immersiverse/auth-contract'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AuthError } from '../domain/errors.ts'
import { toStatus } from '../rpc/errors.ts'
import type { TransportRefusal } from '../rpc/limits/transport-limits.ts'

/** Facts that others know; each is read when metrics are collected. */
const gauges = Object.freeze({
  auth_broker_up: '1 while the Kafka broker takes events, 0 while it does not.',
  auth_outbox_pending: 'Events that are committed and not yet published.',
  auth_outbox_parked_keys:
    'Keys whose events wait because the Kafka broker refuses one of them for good, on the instance that publishes. Alert above 0.',
  auth_redis_up: '1 while Redis counts attempts, 0 while this instance counts by itself.',
  auth_relay_leader: '1 on the instance that publishes events.',
  auth_user_states_published_timestamp_seconds:
    'When a heartbeat last reached the topic of users from this instance: all that was changed until then stood before it.',
  auth_user_states_withheld:
    'Users of whose states readers of the topic are only told that they are there, because the broker refuses them for good. Alert above 0.',
  auth_revocation_lane_leader: '1 on the instance that numbers revocations.',
  auth_revocation_broker_up:
    '1 while the Kafka broker takes revocations from this instance; its leader publishes them.',
  auth_revocation_published_timestamp_seconds:
    'When a heartbeat last reached Kafka from this instance: all that was revoked until then stood before it.',
  auth_signing_key_age_seconds: 'How long the key that signs access tokens has done so.',
  auth_key_ring_age_seconds: 'How long ago this instance read the keys.',
  auth_grpc_connections: 'Connections to the gRPC listener.',
  auth_grpc_calls: 'Unary gRPC calls that are open.',
  auth_edge_connections: 'Connections to the HTTP/JSON listener.',
  auth_hashing_pending: 'Password hashes that wait or run.',
  auth_callers_loaded_timestamp_seconds:
    'When this instance last took over the callers file, its certificate or its client authorities.',
  auth_callers_reload_failing:
    '1 while one of these files has changed and does not hold: the one before is in force. Alert above 0.',
  auth_tls_certificate_expiry_timestamp_seconds: 'When the certificate of the gRPC listener ends.',
  auth_audit_lane_leader: '1 on the instance that chains the audit trail.',
  auth_audit_chain_entries: 'Entries of the chain over the audit trail, on its leader.',
  auth_audit_denials_dropped:
    'Refused calls since the start that the audit trail leaves out, because too many waited. Alert when it rises.',
  auth_breached_passwords_unread:
    'New passwords since the start that were taken although the list of breached ones could not be read. Alert above 0.',
  auth_database_queries: 'Queries sent to the database since the start.',
})

/** The name of such a fact. */
export type GaugeName = keyof typeof gauges

/** Where a call came in. */
export type Transport = 'grpc' | 'edge' | 'admin'

/** The service's metrics, in a registry of their own. */
export interface Metrics {
  readonly registry: Registry
  /** Counts a call that ended, by its error's code and reason or as `OK`. */
  observeCall(
    transport: Transport,
    call: { readonly method: string; readonly error?: AuthError | undefined },
    durationMs: number,
  ): void
  /** Makes what takes the milliseconds of statements that give committed events, or revocations, their numbers. Call it once a lane. */
  timeNumbering(lane: 'events' | 'revocations'): (durationMs: number) => void
  /** Counts a refusal by a limit. */
  countLimited(reason: ErrorReasonName): void
  /** Counts a connection or a call that was refused before it was read. */
  observeRefusal(transport: Transport, refusal: TransportRefusal): void
  /** Shows a fact from now on; where `read` fails the value is NaN. Call it once a name. */
  watch(name: GaugeName, read: () => number | Promise<number>): void
}

const numberingBucketsSeconds = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.5, 2,
]
const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Makes the metrics of one service, those of the process among them. */
export function makeMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'auth_requests_total',
    help: 'Calls that ended, by gRPC code and, where they were refused, by reason.',
    labelNames: ['transport', 'method', 'code', 'reason'] as const,
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'auth_request_duration_seconds',
    help: 'How long calls took.',
    labelNames: ['transport', 'method'] as const,
    buckets: bucketsSeconds,
    registers: [registry],
  })
  const numbering = new Histogram({
    name: 'auth_numbering_duration_seconds',
    help: 'How long a statement took that gives committed events or revocations their numbers, on the instance that leads.',
    labelNames: ['lane'] as const,
    buckets: numberingBucketsSeconds,
    registers: [registry],
  })
  const limited = new Counter({
    name: 'auth_limited_total',
    help: 'Attempts that a limit has refused, by reason.',
    labelNames: ['reason'] as const,
    registers: [registry],
  })
  const transportRefusals = new Counter({
    name: 'auth_transport_refusals_total',
    help: 'Connections and calls that were refused or cut before they were read, by what was wrong with them.',
    labelNames: ['transport', 'refusal'] as const,
    registers: [registry],
  })
  // Looking children up by their labels costs more than counting; few of them are ever made.
  const good = new Map<
    string,
    { readonly count: Counter.Internal; readonly duration: Histogram.Internal<string> }
  >()
  const getGood = (transport: Transport, method: string) => {
    const key = `${transport} ${method}`
    const known = good.get(key)
    if (known) return known
    const count = requests.labels({ transport, method, code: 'OK', reason: '' })
    const made = { count, duration: durations.labels({ transport, method }) }
    good.set(key, made)
    return made
  }
  return {
    registry,
    observeCall(transport, { method, error }, durationMs) {
      if (error === undefined) {
        const { count, duration } = getGood(transport, method)
        count.inc()
        duration.observe(durationMs / 1000)
        return
      }
      const code = status[toStatus(error).code] ?? 'UNKNOWN'
      requests.inc({ transport, method, code, reason: error.reason })
      durations.observe({ transport, method }, durationMs / 1000)
    },
    timeNumbering(lane) {
      const ofLane = numbering.labels({ lane })
      return (durationMs) => ofLane.observe(durationMs / 1000)
    },
    countLimited: (reason) => limited.inc({ reason }),
    observeRefusal: (transport, refusal) => transportRefusals.inc({ transport, refusal }),
    watch: (name, read) => addGauge(registry, name, read),
  }
}

function addGauge(registry: Registry, name: GaugeName, read: () => number | Promise<number>): void {
  new Gauge({
    name,
    help: gauges[name],
    registers: [registry],
    async collect() {
      try {
        this.set(await read())
      } catch {
        this.set(Number.NaN)
      }
    },
  })
}
