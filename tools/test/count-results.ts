import { partMissingPrefix } from '../parts/part-missing.ts'
import type { TestFileResult } from './run-test-file.ts'
import type { TestSkip } from './test-tally.ts'

/** A skipped test with its file. */
export interface FileSkip extends TestSkip {
  readonly file: string
}

/** What a test run comes to. */
export interface RunCount {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Tests that were not run, with or without being forgiven for it. */
  readonly skips: readonly FileSkip[]
}

/** Adds results up. With `everyPartRequired` a test that was skipped for want of a real part counts as failed. */
export function countResults(results: readonly TestFileResult[], everyPartRequired: boolean): RunCount {
  const skips = results.flatMap(({ file, skips }) => skips.map((skip) => ({ ...skip, file })))
  const unforgiven = everyPartRequired
    ? skips.filter(({ reason }) => reason.startsWith(partMissingPrefix)).length
    : 0
  const sum = (count: (result: TestFileResult) => number) =>
    results.reduce((total, each) => total + count(each), 0)
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failures }) => failures.length) + unforgiven,
    skipped: skips.length - unforgiven,
    skips,
  }
}
