import { parentPort, workerData } from 'node:worker_threads'
import { addCounts, type SeedReport, type SeedShare } from './run-seeds.ts'
import type { SeedResult } from './seed-result.ts'
import { findKnownBad, simulations } from './simulations.ts'
import { prepareThread } from './thread/prepare-thread.ts'

const reportEvery = 50

// Errors are made all the time and nobody reads where: their stacks would be a third of the work.
Error.stackTraceLimit = 0
const nextTurn = prepareThread()
const share = workerData as SeedShare
const { run, variants } = simulations[share.simulation]
/** Of a variant only what it is known to break ends the run; anything breaks the system as it is. */
const wanted = share.variant === undefined ? undefined : findKnownBad(variants, share.variant).properties
let report = makeReport()

for (let n = 0; n < share.seeds; n++) {
  const seed = share.from + n * share.step
  const result = await run(seed, share.variant).catch((error: unknown) => toBroken(seed, error))
  report = {
    done: report.done + 1,
    counts: addCounts(report.counts, { calls: result.operations, ...result.counts }),
    failed: result.violations.some(({ property }) => wanted?.includes(property) ?? true) ? result : undefined,
  }
  if (report.failed === undefined && report.done < reportEvery) continue
  parentPort?.postMessage(report)
  if (report.failed !== undefined) break
  report = makeReport()
  await nextTurn()
}
parentPort?.postMessage(report.failed === undefined ? report : makeReport())

/** A fault of the simulator itself, such as a statement that its database does not know. */
function toBroken(seed: number, error: unknown): SeedResult {
  const violations = [{ property: 'SIMULATOR', text: String(error), atMs: 0 }]
  return { seed, violations, counts: {}, operations: 0, statements: 0, timers: 0, trace: [] }
}

function makeReport(): SeedReport {
  return { done: 0, counts: {}, failed: undefined }
}
