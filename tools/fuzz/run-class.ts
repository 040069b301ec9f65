import fc from 'fast-check'
import type { FuzzClass } from './fuzz-class.ts'

/** What was found: how to see it again, and the smallest input that shows it. */
export interface Finding {
  readonly seed: number
  readonly path: string
  readonly input: string
  readonly error: string
}

/** How one round of a class ended. */
export interface Round {
  /** Inputs that went through subject and reference, shrinking not counted. */
  readonly inputs: number
  readonly finding: Finding | undefined
}

/** Runs inputs of a class, at most that many; ends with the first finding, shrunk. The same seed makes the same inputs. */
export function runClass({ inputs, check }: FuzzClass, numRuns: number, seed: number): Round {
  const details = fc.check(
    fc.property(inputs, (input) => {
      check(input)
    }),
    { numRuns, seed, endOnFailure: false, skipEqualValues: false },
  )
  if (!details.failed) return { inputs: details.numRuns, finding: undefined }
  const error = details.errorInstance
  return {
    inputs: details.numRuns,
    finding: {
      seed: details.seed,
      path: details.counterexamplePath ?? '',
      input: fc.stringify(details.counterexample?.[0]),
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    },
  }
}
