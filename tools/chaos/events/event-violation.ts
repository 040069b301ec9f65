import type { Violation } from '../verdicts/judge-probe.ts'

/** Something that was lost, invented, changed or out of order. */
export interface EventViolation extends Violation {
  /** When it was committed or written, by the machine's wall clock: tells which faults were near. Undefined where that is not known. */
  readonly atMs: number | undefined
}
