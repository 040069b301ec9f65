import { status } from '@grpc/grpc-js'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AuthError } from '../domain/errors.ts'
import { toStatus } from '../rpc/errors.ts'
import { type GaugeName, gauges } from './gauges.ts'
import { type Counters, makeCounters } from './make-counters.ts'
import type { Transport } from './transport.ts'

export type { GaugeName } from './gauges.ts'
export type { Transport } from './transport.ts'

/** The service's metrics, in a registry of their own. */
export interface Metrics extends Counters {
  readonly registry: Registry
  /** Counts a call that ended, by its error's code and reason or as `OK`. */
  observeCall(
    transport: Transport,
    call: { readonly method: string; readonly error?: AuthError | undefined },
    durationMs: number,
  ): void
  /** Shows a fact from now on; where `read` fails the value is NaN. Call it once a name. */
  watch(name: GaugeName, read: () => number | Promise<number>): void
  /** Shows from now on which platforms are left alone. Call it once. */
  watchCircuits(platforms: readonly Circuit[]): void
}

/** Whether a platform is left alone. */
export interface Circuit {
  readonly facts: { readonly name: string }
  readonly isOpen: boolean
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
    ...makeCounters(registry),
    watch: (name, read) => addGauge(registry, name, read),
    watchCircuits: (platforms) => addCircuits(registry, platforms),
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

function addCircuits(registry: Registry, platforms: readonly Circuit[]): void {
  new Gauge({
    name: 'auth_platform_circuits_open',
    help: '1 while a platform has failed too often and is left alone for a while.',
    labelNames: ['platform'] as const,
    registers: [registry],
    collect() {
      for (const { facts, isOpen } of platforms) this.set({ platform: facts.name }, Number(isOpen))
    },
  })
}
