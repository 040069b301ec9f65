import type { FuzzClassName } from '../fuzz-classes.ts'
import type { Subject } from '../subject.ts'

/** A verifier with a planted bug, and the classes of inputs that must find it. */
export interface Mutant {
  readonly name: string
  readonly subject: Subject
  readonly classes: readonly FuzzClassName[]
}
