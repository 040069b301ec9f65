import { fuzz } from '../fuzz.ts'
import type { World } from '../world.ts'
import { makeCarelessMutants } from './careless-mutants.ts'
import type { Mutant } from './mutant.ts'
import { makeRevocationMutants } from './revocation-mutants.ts'
import { makeWrappedMutants } from './wrapped-mutants.ts'

/** Every planted bug. */
export function makeMutants(): Mutant[] {
  return [...makeCarelessMutants(), ...makeWrappedMutants(), ...makeRevocationMutants()]
}

/** How a planted bug was found. */
export interface MutantReport {
  readonly name: string
  /** The class of inputs that found it; undefined where none did. */
  readonly foundBy: string | undefined
  /** Of all classes that were tried, the one that found it included. */
  readonly inputs: number
}

/** Runs the fuzzer on a planted bug until it is found, or for at most that many inputs. */
export function findMutant(mutant: Mutant, world: World, inputs: number, seed: number): MutantReport {
  const { name, subject, classes } = mutant
  let done = 0
  for (const report of fuzz({ inputs, seed, classes, subject, world, roundInputs: 100 })) {
    done += report.inputs
    if (report.finding !== undefined) return { name, foundBy: report.name, inputs: done }
  }
  return { name, foundBy: undefined, inputs: done }
}
