import type { KnownBadName } from '../simulations.ts'
import type { Variant } from '../world/variant.ts'

/** A known-bad system of the world of tokens. */
export interface KnownBad extends KnownBadName {
  readonly variant: Variant
}
