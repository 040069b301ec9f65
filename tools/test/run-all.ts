import { availableParallelism } from 'node:os'
import { runTestFile, type TestFileOptions, type TestFileResult } from './run-test-file.ts'

const workersMax = 4

/**
 * Runs test files, one more at a time than the machine has cores, for they wait as long as they compute, and hands each result over as it
 * comes.
 */
export async function runAll(
  files: readonly string[],
  options: TestFileOptions,
  onResult: (result: TestFileResult) => void,
): Promise<TestFileResult[]> {
  const waiting = [...files]
  const results: TestFileResult[] = []
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined && !options.signal.aborted; file = waiting.shift()) {
      const result = await runTestFile(file, options)
      results.push(result)
      onResult(result)
    }
  }
  const workers = Math.min(workersMax, availableParallelism() + 1)
  await Promise.all(Array.from({ length: workers }, work))
  return results
}
