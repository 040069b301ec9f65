import type { ErrorReasonName } from '@immersiverse/auth-contract'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { TransportRefusal } from '../rpc/limits/transport-limits.ts'
import type { Transport } from './transport.ts'

/** A call to a platform. */
export interface PlatformCallFacts {
  readonly platform: string
  readonly operation: string
  readonly outcome: string
}

/** What is counted beside calls. */
export interface Counters {
  /** Makes what takes the milliseconds of statements that give committed events, or revocations, their numbers. Call it once a lane. */
  timeNumbering(lane: 'events' | 'revocations'): (durationMs: number) => void
  /** Counts a refusal by a limit. */
  countLimited(reason: ErrorReasonName): void
  /** Counts a connection or a call that was refused before it was read. */
  observeRefusal(transport: Transport, refusal: TransportRefusal): void
  /** Counts a call to a platform that ended. */
  observePlatformCall(call: PlatformCallFacts): void
}

const numberingBucketsSeconds = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.5, 2,
]
/** Makes the counters of one service. */
export function makeCounters(registry: Registry): Counters {
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
  const platformCalls = new Counter({
    name: 'auth_platform_calls_total',
    help: 'Calls to platforms that ended: OK, REFUSED by the platform, UNAVAILABLE, or MISCONFIGURED where it does not know us.',
    labelNames: ['platform', 'operation', 'outcome'] as const,
    registers: [registry],
  })
  return {
    timeNumbering(lane) {
      const ofLane = numbering.labels({ lane })
      return (durationMs) => ofLane.observe(durationMs / 1000)
    },
    countLimited: (reason) => limited.inc({ reason }),
    observeRefusal: (transport, refusal) => transportRefusals.inc({ transport, refusal }),
    observePlatformCall: ({ platform, operation, outcome }) =>
      platformCalls.inc({ platform, operation, outcome }),
  }
}
