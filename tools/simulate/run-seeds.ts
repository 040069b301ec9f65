import { Worker } from 'node:worker_threads'
import type { SeedResult } from './simulate-seed.ts'

/** A share of the seeds, and the variant by its name. */
export interface SeedShare {
  readonly from: number
  readonly seeds: number
  readonly step: number
  readonly variant: string | undefined
}

/** What a worker tells now and then: how many seeds it has done since, and one that broke a property. */
export interface SeedReport {
  readonly done: number
  readonly accepts: number
  readonly localAccepts: number
  readonly unavailable: number
  readonly operations: number
  readonly failed: SeedResult | undefined
}

/** The sum of all reports. */
export interface SeedTotals {
  done: number
  accepts: number
  localAccepts: number
  unavailable: number
  operations: number
  failed: SeedResult | undefined
}

/** Runs seeds `from` to `from + seeds − 1` in that many threads; ends at the first seed that breaks a property. */
export async function runSeeds(
  options: {
    readonly from: number
    readonly seeds: number
    readonly workers: number
    readonly variant?: string | undefined
  },
  onProgress: (totals: SeedTotals) => void,
): Promise<SeedTotals> {
  const totals: SeedTotals = {
    done: 0,
    accepts: 0,
    localAccepts: 0,
    unavailable: 0,
    operations: 0,
    failed: undefined,
  }
  const { from, seeds, variant } = options
  const step = Math.min(options.workers, seeds)
  const workers = Array.from({ length: step }, (_, at) => {
    const share: SeedShare = { from: from + at, seeds: Math.ceil((seeds - at) / step), step, variant }
    // A world is a few megabytes that die together: a large nursery lets most of it die there.
    const resourceLimits = { maxYoungGenerationSizeMb: 96 }
    return new Worker(new URL('./seed-worker.ts', import.meta.url), { workerData: share, resourceLimits })
  })
  const stopAll = () => Promise.all(workers.map((worker) => worker.terminate()))
  const ends = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.on('message', (report: SeedReport) => {
          add(totals, report)
          onProgress(totals)
          if (report.failed !== undefined) void stopAll()
        })
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      }),
  )
  try {
    await Promise.all(ends)
  } finally {
    await stopAll()
  }
  return totals
}

function add(totals: SeedTotals, report: SeedReport): void {
  totals.done += report.done
  totals.accepts += report.accepts
  totals.localAccepts += report.localAccepts
  totals.unavailable += report.unavailable
  totals.operations += report.operations
  const isEarlier =
    report.failed !== undefined && report.failed.seed < (totals.failed?.seed ?? Number.POSITIVE_INFINITY)
  if (isEarlier) totals.failed = report.failed
}
