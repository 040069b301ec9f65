import type { Timings } from './run-timing.ts'
import { cropTogether, toMoments, toWelchT } from './welch.ts'

/** Two classes whose |t| is as large as this can be told apart (TVLA's threshold: one chance in 100,000 by noise alone). */
export const tMax = 4.5
/** All values, and without the slowest hundredth and tenth, where a small difference is not drowned. */
const quantiles = [1, 0.99, 0.9]

/** What the timings tell. */
export interface TimingReport {
  readonly text: string
  /** Every |t| is below {@link tMax}. */
  readonly holds: boolean
}

/** The classes' times, and how far each two are apart. */
export function toTimingReport(timings: Timings): TimingReport {
  const names = Object.keys(timings)
  const pairs = names.flatMap((one, place) => names.slice(place + 1).map((other) => [one, other] as const))
  const compared = pairs.map(([one, other]) => ({
    name: `${one} / ${other}`,
    ts: quantiles.map((quantile) => toAbsoluteT(timings[one] ?? [], timings[other] ?? [], quantile)),
  }))
  const holds = compared.every(({ ts }) => ts.every((t) => t < tMax))
  const lines = [
    toRow(['class', 'samples', 'mean ms', 'p50 ms', 'p99 ms']),
    ...names.map((name) => toRow([name, ...toFigures(timings[name] ?? [])])),
    '',
    toRow(["Welch's |t|", 'all', 'fastest 99 %', 'fastest 90 %']),
    ...compared.map(({ name, ts }) => toRow([name, ...ts.map((t) => t.toFixed(2))])),
    '',
    holds
      ? `no two can be told apart: every |t| is below ${tMax}`
      : `some can be told apart: a |t| is ${tMax} or more`,
  ]
  return { text: lines.join('\n'), holds }
}

function toAbsoluteT(one: readonly number[], other: readonly number[], quantile: number): number {
  const [a, b] = cropTogether([one, other], quantile)
  return Math.abs(toWelchT(a, b))
}

function toFigures(times: readonly number[]): string[] {
  const sorted = Float64Array.from(times).sort()
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  const figures = [toMoments(times).mean, at(0.5), at(0.99)].map((value) => value.toFixed(3))
  return [String(times.length), ...figures]
}

function toRow([name = '', ...cells]: readonly string[]): string {
  return `${name.padEnd(34)}${cells.map((cell) => cell.padStart(14)).join('')}`
}
