import { Worker } from 'node:worker_threads'
import type { FuzzOptions } from './fuzz.ts'
import type { WorkerReport } from './fuzz-worker.ts'

/** What is divided among workers. */
export type SharedFuzzOptions = Pick<FuzzOptions, 'inputs' | 'seed' | 'classes'> & {
  readonly workers: number
}

/** Seeds of two workers are so far apart that they share no round. */
const seedsApart = 1_000_003

/** Runs the fuzzer in several threads, each with a share of the inputs and seeds of its own; `tell` hears of every round. */
export async function runWorkers(
  { workers, inputs, seed, classes }: SharedFuzzOptions,
  tell: (report: WorkerReport, worker: number) => void,
): Promise<void> {
  const runs = Array.from({ length: workers }, async (_, at) => {
    const workerData: FuzzOptions = {
      inputs: Math.ceil(inputs / workers),
      seed: seed + at * seedsApart,
      ...(classes && { classes }),
    }
    const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), { workerData })
    worker.on('message', (report: WorkerReport) => tell(report, at))
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`)),
      )
    })
  })
  await Promise.all(runs)
}
