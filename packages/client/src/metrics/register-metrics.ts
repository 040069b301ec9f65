import type { Metric } from './to-metrics.ts'

/** A registry of prom-client, as far as this is concerned. */
export interface MetricsRegistry {
  // biome-ignore lint/suspicious/noExplicitAny: prom-client's type of a metric is a class, of which the registry calls `get`
  registerMetric(metric: any): void
}

/** Adds metrics to a registry; each scrape reads them anew. Throws where the registry has one of that name. */
export function registerMetrics(registry: MetricsRegistry, read: () => readonly Metric[]): void {
  for (const { name, help, type } of read()) {
    const get = async () => ({ ...read().find((metric) => metric.name === name), aggregator: 'sum' })
    registry.registerMetric({ name, help, type, aggregator: 'sum', get, reset: () => undefined })
  }
}
