import { eventVariants } from './events/event-variants.ts'
import { simulateEventSeed } from './events/simulate-event-seed.ts'
import type { SeedResult } from './seed-result.ts'
import { simulateSeed } from './simulate-seed.ts'
import { variants } from './variants/variants.ts'

/** A known-bad system, by its name, and the properties of which one must be seen to break. */
export interface KnownBadName {
  readonly name: string
  /** What is wrong with it. */
  readonly breaks: string
  readonly properties: readonly string[]
}

/** A kind of world that seeds are run in. */
export interface Simulation {
  /** Runs one seed, of the system as it is or of a known-bad one. Throws RangeError for a variant that it does not have. */
  run(seed: number, variant: string | undefined, isTracing?: boolean): Promise<SeedResult>
  readonly variants: readonly KnownBadName[]
}

/** The simulations: tokens, revocation and refresh (protocols.md §0, §2, §3), and events (§1). */
export const simulations: Readonly<Record<'tokens' | 'events', Simulation>> = Object.freeze({
  tokens: {
    variants,
    run: (seed, variant, isTracing) => simulateSeed(seed, findVariant(variants, variant), isTracing),
  },
  events: {
    variants: eventVariants,
    run: (seed, variant, isTracing) =>
      simulateEventSeed(seed, findVariant(eventVariants, variant), isTracing),
  },
})

/** By which name a simulation is asked for. */
export type SimulationName = keyof typeof simulations

/** The known-bad system of that name. Throws RangeError for a name that is none. */
export function findKnownBad<Known extends KnownBadName>(known: readonly Known[], name: string): Known {
  const found = known.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new RangeError(`no variant ${name}; there are: ${known.map((one) => one.name).join(', ')}`)
}

function findVariant<Variant>(
  known: readonly (KnownBadName & { readonly variant: Variant })[],
  name: string | undefined,
): Variant | undefined {
  return name === undefined ? undefined : findKnownBad(known, name).variant
}
