import { Worker } from 'node:worker_threads'
import type { SeedResult } from './seed-result.ts'
import type { SimulationName } from './simulations.ts'

/** A share of the seeds, and the variant by its name. */
export interface SeedShare {
  readonly simulation: SimulationName
  readonly from: number
  readonly seeds: number
  readonly step: number
  readonly variant: string | undefined
}

/** What a worker tells now and then: how many seeds it has done since, and one that broke a property. */
export interface SeedReport {
  readonly done: number
  /** What has happened in them, by name. */
  readonly counts: Readonly<Record<string, number>>
  readonly failed: SeedResult | undefined
}

/** The sum of all reports. */
export interface SeedTotals {
  done: number
  counts: Readonly<Record<string, number>>
  failed: SeedResult | undefined
}

/** Runs seeds `from` to `from + seeds − 1` in that many threads; ends at the first seed that breaks a property. */
export async function runSeeds(
  options: {
    readonly simulation: SimulationName
    readonly from: number
    readonly seeds: number
    readonly workers: number
    readonly variant?: string | undefined
  },
  onProgress: (totals: SeedTotals) => void,
): Promise<SeedTotals> {
  const totals: SeedTotals = { done: 0, counts: {}, failed: undefined }
  const { from, seeds, simulation, variant } = options
  const step = Math.min(options.workers, seeds)
  const workers = Array.from({ length: step }, (_, at) => {
    const ofWorker = Math.ceil((seeds - at) / step)
    const share: SeedShare = { simulation, from: from + at, seeds: ofWorker, step, variant }
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

/** The sum of both, name by name. */
export function addCounts(
  some: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...some }
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count
  return sum
}

function add(totals: SeedTotals, report: SeedReport): void {
  totals.done += report.done
  totals.counts = addCounts(totals.counts, report.counts)
  const isEarlier =
    report.failed !== undefined && report.failed.seed < (totals.failed?.seed ?? Number.POSITIVE_INFINITY)
  if (isEarlier) totals.failed = report.failed
}
