import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type SimulationName, simulations } from './simulations.ts'

/** What the command line asks for. */
export interface SimulateOptions {
  readonly simulation: SimulationName
  /** How many seeds. */
  readonly seeds: number
  /** The first of them. */
  readonly from: number
  /** One seed alone, with its trace. */
  readonly only: number | undefined
  readonly workers: number
  /** The known-bad variants instead of the system as it is. */
  readonly variants: boolean
  /** One of them, by its name: with `--seed` its trace, else how many seeds it takes. */
  readonly variant: string | undefined
}

/** How the simulator is called. */
export const usage = `usage: npm run simulate -- [tokens | events] [--seeds 10000] [--from 1] [--workers ${availableParallelism()}]
                          [--seed 17]                 one seed, with its trace
                          [--variants]                each known-bad variant until it is caught
                          [--variant name [--seed 17]]`

/** Reads the command line. Throws RangeError or TypeError for what it does not know. */
export function readOptions(args: readonly string[]): SimulateOptions {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '10000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      workers: { type: 'string', default: String(availableParallelism()) },
      variants: { type: 'boolean', default: false },
      variant: { type: 'string' },
    },
  })
  const [simulation = 'tokens', ...more] = positionals
  if (!Object.hasOwn(simulations, simulation) || more.length > 0) {
    throw new RangeError(`no simulation ${positionals.join(' ')}`)
  }
  return {
    simulation: simulation as SimulationName,
    seeds: toCount('--seeds', values.seeds),
    from: toCount('--from', values.from),
    only: values.seed === undefined ? undefined : toCount('--seed', values.seed),
    workers: toCount('--workers', values.workers),
    variants: values.variants,
    variant: values.variant,
  }
}

function toCount(name: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${name} must be a whole number from 1`)
  return count
}
