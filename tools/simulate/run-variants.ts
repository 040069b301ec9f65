import { runSeeds } from './run-seeds.ts'
import { type KnownBadName, type SimulationName, simulations } from './simulations.ts'

/** How a variant was found out. */
export interface Caught {
  readonly variant: KnownBadName
  /** The first seed that broke one of its properties, which is how many it took; undefined where none did. */
  readonly seed: number | undefined
  readonly property: string | undefined
}

/** Runs each variant from seed 1 until one breaks a property that it is known to break, or `seedsMax` have not. */
export async function runVariants(
  options: { readonly simulation: SimulationName; readonly seedsMax: number; readonly workers: number },
  onCaught: (caught: Caught) => void,
): Promise<Caught[]> {
  const all: Caught[] = []
  const { seedsMax, simulation, workers } = options
  for (const variant of simulations[simulation].variants) {
    const { failed } = await runSeeds(
      { simulation, from: 1, seeds: seedsMax, workers, variant: variant.name },
      () => undefined,
    )
    const property = failed?.violations.find((one) => variant.properties.includes(one.property))?.property
    const caught = { variant, seed: failed?.seed, property }
    all.push(caught)
    onCaught(caught)
  }
  return all
}

/** One line of the table. */
export function toLine({ property, seed, variant }: Caught): string {
  const seeds = seed === undefined ? 'not caught' : `${seed} ${seed === 1 ? 'seed' : 'seeds'}`
  return `| ${variant.name} | ${variant.breaks} | ${property ?? variant.properties.join(', ')} | ${seeds} |`
}
