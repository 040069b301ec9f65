import type { Metric } from './to-metrics.ts'

/** Metrics in Prometheus' text format 0.0.4: HELP, TYPE and a line a sample. Names and labels are ours, so nothing needs escaping. */
export function toMetricsText(metrics: readonly Metric[]): string {
  return metrics.flatMap(toLines).join('')
}

function toLines({ name, help, type, values }: Metric): string[] {
  const samples = values.map(({ labels, value }) => `${name}${toLabels(labels)} ${value}\n`)
  return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`, ...samples]
}

function toLabels(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
  return texts.length === 0 ? '' : `{${texts.join(',')}}`
}
