import { openEventFlow } from '../events/open-event-flow.ts'
import { commitAtRate } from './commit-at-rate.ts'
import { findGrowth } from './find-growth.ts'
import { makeUnhandled } from './make-unhandled.ts'
import { readSoakOptions, type SoakOptions, usage } from './read-soak-options.ts'
import { type SoakSample, takeSamples } from './take-samples.ts'

const options = findOptions()
if (options !== undefined) await soak(options)

function findOptions(): SoakOptions | undefined {
  try {
    return readSoakOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`soak: ${(error as Error).message}\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}

/** Events flow for so long at one rate; the table and the time that numbering takes must not grow once the retention has passed (O12). */
async function soak({ databaseUrl, eventsPerSecond, minutes, retentionMinutes }: SoakOptions): Promise<void> {
  const environment = { AUTH_OUTBOX_RETENTION: `${retentionMinutes}m` }
  await using flow = await openEventFlow({ databaseUrl, environment })
  const events = makeUnhandled()
  flow.onHandled = events.handled
  const stop = AbortSignal.timeout(minutes * 60_000)
  const writing = commitAtRate(flow.writer, { eventsPerSecond, onCommitted: events.committed, stop })
  console.log(toHead())
  const samples: SoakSample[] = []
  for await (const sample of takeSamples(flow, events, stop)) {
    samples.push(sample)
    console.log(toRow(sample))
  }
  await writing
  const faults = findGrowth(samples, retentionMinutes + 1)
  for (const fault of faults) console.log(fault)
  console.log(faults.length === 0 ? 'flat' : 'not flat')
  if (faults.length > 0) process.exitCode = 1
}

function toHead(): string {
  return 'minute  committed  handled  waiting  rows live  rows dead  table MB  numbered p50 ms  p99 ms  service MB'
}

function toRow(one: SoakSample): string {
  const cells: [number | string, number][] = [
    [one.minute, 6],
    [one.committed, 9],
    [one.handled, 7],
    [one.waiting, 7],
    [one.liveRows, 9],
    [one.deadRows, 9],
    [one.tableMegabytes.toFixed(1), 8],
    [`<= ${one.numberingP50Ms}`, 15],
    [`<= ${one.numberingP99Ms}`, 6],
    [one.serviceMegabytes.toFixed(0), 10],
  ]
  return cells.map(([cell, width]) => String(cell).padStart(width)).join('  ')
}
