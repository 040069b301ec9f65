import { status } from '@grpc/grpc-js'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AuthError } from '../domain/errors.ts'
import { toStatus } from '../rpc/errors.ts'

/** Facts that others know; each is read when metrics are collected. */
const gauges = Object.freeze({
  auth_broker_up: '1 while the Kafka broker takes events, 0 while it does not.',
  auth_outbox_pending: 'Events that are committed and not yet published.',
  auth_outbox_parked_keys:
    'Keys whose events wait because the Kafka broker refuses one of them for good, on the instance that publishes. Alert above 0.',
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
  auth_hashing_pending: 'Password hashes that wait or run.',
  auth_platform_circuits_open: 'Platforms that have failed too often and are left alone for a while.',
  auth_database_queries: 'Queries sent to the database since the start.',
})

/** The name of such a fact. */
export type GaugeName = keyof typeof gauges

/** Where a call came in. */
export type Transport = 'grpc' | 'edge'

/** A call to a platform. */
export interface PlatformCallFacts {
  readonly platform: string
  readonly operation: string
  readonly outcome: string
}

/** The service's metrics, in a registry of their own. */
export interface Metrics {
  readonly registry: Registry
  /** Counts a call that ended, by its error's code and reason or as `OK`. */
  observeCall(
    transport: Transport,
    call: { readonly method: string; readonly error?: AuthError | undefined },
    durationMs: number,
  ): void
  /** Counts a call to a platform that ended. */
  observePlatformCall(call: PlatformCallFacts): void
  /** Shows a fact from now on; where `read` fails the value is NaN. Call it once a name. */
  watch(name: GaugeName, read: () => number | Promise<number>): void
}

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
  const platformCalls = new Counter({
    name: 'auth_platform_calls_total',
    help: 'Calls to platforms that ended: OK, REFUSED by the platform, UNAVAILABLE, or MISCONFIGURED where it does not know us.',
    labelNames: ['platform', 'operation', 'outcome'] as const,
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
    observePlatformCall: ({ platform, operation, outcome }) =>
      platformCalls.inc({ platform, operation, outcome }),
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
