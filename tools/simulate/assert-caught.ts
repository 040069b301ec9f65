import assert from 'node:assert/strict'
import { findKnownBad, type SimulationName, simulations } from './simulations.ts'

const looksFurther = 1500

/**
 * Asserts that a known-bad system breaks one of the properties that it is known to break: with `seed`, which was written down, or else with one of
 * the first 1,500. Another course of events, as by a statement more, makes it another seed; looking for it takes its time, so write it down anew.
 * `nextTurn` lets the test runner have its turn.
 */
export async function assertCaught(
  simulation: SimulationName,
  name: string,
  seed: number | undefined,
  nextTurn: () => Promise<void>,
): Promise<void> {
  const { run, variants } = simulations[simulation]
  const { properties } = findKnownBad(variants, name)
  const isCaught = async (one: number) => {
    const { violations } = await run(one, name)
    return violations.some(({ property }) => properties.includes(property))
  }
  if (seed !== undefined && (await isCaught(seed))) return
  for (let one = 1; one <= looksFurther; one++) {
    if (await isCaught(one)) return
    await nextTurn()
  }
  assert.fail(`not one of ${looksFurther} seeds breaks ${properties.join(' or ')}`)
}
