import type { SoakSample } from './take-samples.ts'

/** How much the last third may be above the first, after the table has filled. */
const mostRatio = 1.25
/** Buckets are coarse: one further is no growth. */
const mostNumberingRatio = 2
/** Seconds of the rate that may wait: the consumer reads in batches. */
const mostWaitingSeconds = 5

/**
 * What has grown, one line each; empty where all is flat. The first `settlingMinutes` are left out: nothing is deleted before the retention has
 * passed. Compared are the medians of the first and the last third of the rest.
 */
export function findGrowth(samples: readonly SoakSample[], settlingMinutes: number): string[] {
  const settled = samples.filter(({ minute }) => minute > settlingMinutes)
  if (settled.length < 3) return [`${settled.length} minutes behind the retention are too few to tell`]
  const third = Math.floor(settled.length / 3)
  const [first, last] = [settled.slice(0, third), settled.slice(-third)]
  const compare = (name: string, most: number, read: (sample: SoakSample) => number): string[] => {
    const [before, after] = [toMedian(first.map(read)), toMedian(last.map(read))]
    return after <= before * most ? [] : [`${name}: ${before} in the first third, ${after} in the last`]
  }
  const perSecond = (samples.at(-1)?.committed ?? 0) / samples.length / 60
  const behind = settled.filter(({ waiting }) => waiting > perSecond * mostWaitingSeconds)
  return [
    ...compare('rows, live and dead', mostRatio, ({ deadRows, liveRows }) => deadRows + liveRows),
    ...compare('MB of the table', mostRatio, ({ tableMegabytes }) => tableMegabytes),
    ...compare('ms of numbering, p50', mostNumberingRatio, ({ numberingP50Ms }) => numberingP50Ms),
    ...compare('ms of numbering, p99', mostNumberingRatio, ({ numberingP99Ms }) => numberingP99Ms),
    ...compare('MB of the service', mostRatio, ({ serviceMegabytes }) => serviceMegabytes),
    ...behind.map(({ minute, waiting }) => `minute ${minute}: ${waiting} events waited`),
  ]
}

function toMedian(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
