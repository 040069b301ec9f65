import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { rootFolder } from '../process/root-folder.ts'
import { countResults, type RunCount } from './count-results.ts'
import { describeResult } from './describe-result.ts'
import { findNeededParts } from './find-needed-parts.ts'
import { listTestFiles } from './list-test-files.ts'
import { openSharedParts } from './open-shared-parts.ts'
import { runAgain } from './run-again.ts'
import { runAll } from './run-all.ts'
import type { TestFileResult } from './run-test-file.ts'

const usage = `usage: npm test -- [part of a path …] [--only <pattern of a title>]
  --root <folder>       where the tests are; the repository by default
  --timeout <seconds>   for one file; 300 by default
without parts and --only, one or two files that failed are run again alone, and named where they pass then`

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

// Node's test runner writes into the reason of an abort, so it has to be an object.
class StoppedError extends Error {
  readonly signal: keyof typeof signalNumbers

  constructor(signal: keyof typeof signalNumbers) {
    super(`stopped by ${signal}`)
    this.signal = signal
  }
}

// Modules are compiled, and rid of their types, once for all test files and the services that they start.
process.env.NODE_COMPILE_CACHE ??= join(rootFolder, '.parts/compile-cache')

try {
  process.exit(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

async function main(): Promise<number> {
  const { filters, only, root, timeoutMs } = readArguments()
  const stop = new AbortController()
  for (const signal of Object.keys(signalNumbers) as (keyof typeof signalNumbers)[]) {
    process.on(signal, () => stop.abort(new StoppedError(signal)))
  }
  const files = await listTestFiles(root, filters)
  await using _parts = await openSharedParts(await findNeededParts(root, files))
  // The longest stand late in the alphabet: begun first, none of them runs alone at the end.
  const options = { root, only, timeoutMs, signal: stop.signal }
  const tell = (result: TestFileResult) => {
    if (only === undefined || hasRun(result)) console.log(describeResult(result))
  }
  const first = await runAll(files.toReversed(), options, tell)
  const isWhole = filters.length === 0 && only === undefined
  // Whoever asks for some tests wants to see them fail.
  const { results, unsteady } = isWhole
    ? await runAgain(first, options, tell)
    : { results: first, unsteady: [] }
  const count = countResults(results, process.env.CI === 'true')
  printSkips(count)
  printTitles('passed only when run again, with nothing beside it:', unsteady)
  printTitles('failed:', results)
  console.log()
  const { reason } = stop.signal
  if (reason instanceof StoppedError)
    console.log(`${reason.message}: ${results.length} of ${files.length} files`)
  console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
  if (reason instanceof StoppedError) return 128 + signalNumbers[reason.signal]
  return count.failed > 0 || count.passed === 0 ? 1 : 0
}

function readArguments() {
  const options = { only: { type: 'string' }, root: { type: 'string' }, timeout: { type: 'string' } } as const
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const timeoutMs = Number(values.timeout ?? 300) * 1000
    if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) throw new Error('--timeout takes a number of seconds')
    return { filters: positionals, only: values.only, root: values.root ?? rootFolder, timeoutMs }
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`)
  }
}

function hasRun({ passed, failures, skips }: TestFileResult): boolean {
  return passed + failures.length + skips.length > 0
}

function printSkips({ skips }: RunCount): void {
  if (skips.length > 0) console.log('\nskipped:')
  for (const { file, title, reason } of skips) console.log(`  ${file}: ${title} (${reason})`)
}

function printTitles(heading: string, results: readonly TestFileResult[]): void {
  const failed = results.filter(({ failures }) => failures.length > 0)
  if (failed.length > 0) console.log(`\n${heading}`)
  for (const { file, failures } of failed)
    for (const { title } of failures) console.log(`  ${file}: ${title}`)
}
