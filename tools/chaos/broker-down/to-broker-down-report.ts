import { quantile } from './quantile.ts'
import type { BrokerDownResult } from './run-broker-down.ts'

/** The result of a run as text. */
export function toBrokerDownReport({ upMs, downMs, drains, events, repetitions }: BrokerDownResult): string {
  const tell = (latenciesMs: readonly number[]) => {
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(latenciesMs, share).toFixed(1))
    return `${latenciesMs.length}, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`
  }
  const ratio = quantile(downMs, 0.99) / quantile(upMs, 0.99)
  const drained = drains.map(
    ({ backlog, tookMs, inflow, outflow }) =>
      `drained ${backlog} events in ${(tookMs / 1_000).toFixed(1)} s: ${outflow.toFixed(0)}/s, ${(outflow / inflow).toFixed(1)} × the inflow of ${inflow.toFixed(0)}/s`,
  )
  return [
    `logins, broker up:   ${tell(upMs)}`,
    `logins, broker down: ${tell(downMs)}`,
    `p99 down / up: ${ratio.toFixed(2)}`,
    ...drained,
    `${events} events, ${repetitions} repetitions`,
  ].join('\n')
}
