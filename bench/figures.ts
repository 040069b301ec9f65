import type { Sample } from './load/run-load.ts'

/** One line of the report. */
export interface Figure {
  readonly name: string
  /** Undefined where only latency is measured. */
  readonly perSecond?: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** Calls per second of CPU that the server used: what a whole core would do where the machine did not give it one. */
  readonly perCoreSecond?: number
  /** Share of one core that the server used, and this process. */
  readonly serverCpu?: number
  readonly clientCpu?: number
  /** What it is compared with, and its share of that limit. */
  readonly limit?: string
  readonly ratio?: number
  /** The same of their calls per second of CPU: it stands also where others use the machine. */
  readonly coreRatio?: number
}

/** The figure of one or more samples of the same load. */
export function toFigure(name: string, samples: readonly Sample[]): Figure {
  const total = (read: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + read(sample), 0)
  const latencies = Float64Array.from(samples.flatMap((sample) => sample.latenciesMs)).sort()
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  const seconds = total((sample) => sample.seconds)
  const serverCpuSeconds = total((sample) => sample.serverCpuSeconds)
  return {
    name,
    perSecond: latencies.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    perCoreSecond: latencies.length / serverCpuSeconds,
    serverCpu: serverCpuSeconds / seconds,
    clientCpu: total((sample) => sample.clientCpuSeconds) / seconds,
  }
}

/** The figure with its share of a limit that was measured in the same run. */
export function beside(figure: Figure, limit: Figure): Figure {
  const coreRatio = (figure.perCoreSecond ?? Number.NaN) / (limit.perCoreSecond ?? Number.NaN)
  return {
    ...figure,
    limit: limit.name,
    ratio: (figure.perSecond ?? Number.NaN) / (limit.perSecond ?? Number.NaN),
    coreRatio,
  }
}

/** The figures as a table for people. */
export function toTable(figures: readonly Figure[]): string {
  const head = [
    '',
    'calls/s',
    'p50 ms',
    'p99 ms',
    'calls/core-s',
    'server CPU',
    'load CPU',
    'of its limit: calls/s, calls/core-s',
  ]
  const rows = figures.map((figure) => [
    figure.name,
    toNumber(figure.perSecond, 0),
    toNumber(figure.p50Ms, 2),
    toNumber(figure.p99Ms, 2),
    toNumber(figure.perCoreSecond, 0),
    toPercent(figure.serverCpu),
    toPercent(figure.clientCpu),
    figure.limit === undefined
      ? ''
      : `${[figure.ratio, figure.coreRatio].map(toPercent).filter(Boolean).join(', ')} of ${figure.limit}`,
  ])
  const widths = head.map((_text, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const isText = (column: number) => column === 0 || column === head.length - 1
  const toLine = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(toLine).join('\n')
}

function toNumber(value: number | undefined, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return ''
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function toPercent(share: number | undefined): string {
  return share === undefined || Number.isNaN(share) ? '' : `${Math.round(share * 100)} %`
}
