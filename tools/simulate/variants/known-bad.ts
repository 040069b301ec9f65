import type { Variant } from '../world/variant.ts'

/** A known-bad system, and the properties of which one must be seen to break. */
export interface KnownBad {
  readonly name: string
  /** What is wrong with it. */
  readonly breaks: string
  readonly properties: readonly string[]
  readonly variant: Variant
}
