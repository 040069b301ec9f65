import { makeTally, type Tally } from './fuzz-class.ts'
import { type FuzzClassName, fuzzClasses, fuzzClassNames } from './fuzz-classes.ts'
import { type Finding, runClass } from './run-class.ts'
import { type Subject, verifier } from './subject.ts'
import { makeWorld, type World } from './world.ts'

/** What was done with a class of inputs. */
export interface ClassReport {
  readonly name: FuzzClassName
  readonly inputs: number
  readonly ms: number
  readonly accepted: number
  readonly rules: ReadonlyMap<string, number>
  readonly finding: Finding | undefined
}

/** How much is run, from which seed. */
export interface FuzzOptions {
  readonly inputs: number
  readonly seed: number
  readonly classes?: readonly FuzzClassName[]
  readonly subject?: Subject
  readonly world?: World
  /** Inputs of one class in a row; default 2,000, so that setting up a property costs nothing. */
  readonly roundInputs?: number
}

/** Runs inputs of all classes by their shares, and yields a report for every round of a class; a class with a finding is not run again. */
export function* fuzz({
  inputs,
  seed,
  classes = fuzzClassNames,
  subject = verifier,
  world = makeWorld(),
  roundInputs = 2_000,
}: FuzzOptions): Generator<ClassReport> {
  const shares = classes.reduce((sum, name) => sum + fuzzClasses[name].share, 0)
  const runs = classes.map((name) => {
    const tally = makeTally()
    const left = Math.ceil((inputs * fuzzClasses[name].share) / shares)
    return { name, left, seed: seed ^ hash(name), tally, made: fuzzClasses[name].make(world, subject, tally) }
  })
  for (let live = runs; live.length > 0; live = live.filter(({ left }) => left > 0)) {
    for (const run of live) {
      const startedMs = performance.now()
      const { inputs: done, finding } = runClass(run.made, Math.min(roundInputs, run.left), run.seed++)
      run.left = finding === undefined ? run.left - done : 0
      yield { name: run.name, inputs: done, ms: performance.now() - startedMs, finding, ...take(run.tally) }
    }
  }
}

/** What was counted since the last time. */
function take(tally: Tally): Pick<ClassReport, 'accepted' | 'rules'> {
  const taken = { accepted: tally.accepted, rules: new Map(tally.rules) }
  tally.accepted = 0
  tally.rules.clear()
  return taken
}

function hash(name: string): number {
  return [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7)
}
