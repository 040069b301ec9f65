import { runTestFile, type TestFileOptions, type TestFileResult } from './run-test-file.ts'

/** More than this many files do not fail by chance. */
const filesMax = 2
/** Files whose course a seed decides: what they find once is a finding, chance has no say. */
const seeded = /^tools\/(fuzz|simulate)\//

/** What a run comes to when its failures have had their second try. */
interface SecondTry {
  readonly results: readonly TestFileResult[]
  /** As they ended the first time: files that passed when they were run again. */
  readonly unsteady: readonly TestFileResult[]
}

/**
 * Runs files that failed again, one after the other and with nothing beside them. Those that pass count as passed, and are named. None is run again
 * where more than two failed, where the run was stopped, or where the file simulates or fuzzes.
 */
export async function runAgain(
  results: readonly TestFileResult[],
  options: TestFileOptions,
  onResult: (result: TestFileResult) => void,
): Promise<SecondTry> {
  const failed = results.filter(({ failures }) => failures.length > 0)
  const again = failed.length > filesMax ? [] : failed.filter(({ file }) => !seeded.test(file))
  const passed = new Map<string, TestFileResult>()
  for (const { file } of again) {
    if (options.signal.aborted) break
    const result = await runTestFile(file, options)
    onResult(result)
    if (result.failures.length === 0 && !options.signal.aborted) passed.set(file, result)
  }
  return {
    results: results.map((result) => passed.get(result.file) ?? result),
    unsteady: again.filter(({ file }) => passed.has(file)),
  }
}
