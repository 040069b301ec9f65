import { readOptions, type SimulateOptions, usage } from './read-options.ts'
import { runSeeds, type SeedTotals } from './run-seeds.ts'
import { runVariants, toLine } from './run-variants.ts'
import type { SeedResult } from './seed-result.ts'
import { simulations } from './simulations.ts'
import { prepareThread } from './thread/prepare-thread.ts'

let toldAtMs = 0
const options = findOptions(process.argv.slice(2))
if (options !== undefined) await run(options)

function findOptions(args: readonly string[]): SimulateOptions | undefined {
  try {
    return readOptions(args)
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}

async function run(options: SimulateOptions): Promise<void> {
  if (options.only !== undefined) return await traceOne(options.only, options)
  if (options.variants) return await tellVariants(options)
  const startMs = performance.now()
  const totals = await runSeeds(options, (soFar) => tellProgress(soFar, options.seeds, startMs))
  if (process.stderr.isTTY) process.stderr.write('\n')
  const seconds = (performance.now() - startMs) / 1000
  const { counts, done, failed } = totals
  console.log(`${done} seeds in ${seconds.toFixed(1)} s (${(done / seconds).toFixed(0)} a second)`)
  console.log(
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  )
  if (failed === undefined) return
  tellFailure(failed, options)
  process.exitCode = 1
}

/** The table of known-bad variants; exit code 1 where one was not caught. */
async function tellVariants({ seeds, simulation, workers }: SimulateOptions): Promise<void> {
  console.log('| Variant | What is wrong | Breaks | Caught after |\n| --- | --- | --- | --- |')
  const all = await runVariants({ simulation, seedsMax: seeds, workers }, (caught) =>
    console.log(toLine(caught)),
  )
  if (all.some(({ property }) => property === undefined)) process.exitCode = 1
}

async function traceOne(seed: number, options: SimulateOptions): Promise<void> {
  prepareThread()
  const result = await simulations[options.simulation].run(seed, options.variant, true)
  for (const line of result.trace) console.log(line)
  console.log(`seed ${seed}: ${JSON.stringify(result.counts)}`)
  if (result.violations.length === 0) return
  tellFailure(result, options)
  process.exitCode = 1
}

function tellFailure({ seed, violations }: SeedResult, { simulation, variant }: SimulateOptions): void {
  for (const { atMs, property, text } of violations) {
    console.log(`seed ${seed} breaks ${property} at ${atMs.toFixed(1)} ms: ${text}`)
  }
  const of = variant === undefined ? '' : ` --variant '${variant}'`
  console.log(`the whole story: npm run simulate -- ${simulation} --seed ${seed}${of}`)
}

function tellProgress({ done }: SeedTotals, seeds: number, startMs: number): void {
  const nowMs = performance.now()
  const everyMs = process.stderr.isTTY ? 500 : 30_000
  if (nowMs - toldAtMs < everyMs) return
  toldAtMs = nowMs
  const perSecond = (1000 * done) / (nowMs - startMs)
  const text = `${done} of ${seeds} seeds, ${perSecond.toFixed(0)} a second`
  process.stderr.write(process.stderr.isTTY ? `\r${text} ` : `${text}\n`)
}
