import type { Violation } from './record/records.ts'

/** What a seed came to. */
export interface SeedResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  /** What has happened, by name, to show that it was not nothing. */
  readonly counts: Readonly<Record<string, number>>
  /** How many calls, statements and timers there were. */
  readonly operations: number
  readonly statements: number
  readonly timers: number
  /** The last that happened, in words, where it was asked for. */
  readonly trace: readonly string[]
}
