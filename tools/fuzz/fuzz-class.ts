import type fc from 'fast-check'
import type { Subject } from './subject.ts'
import type { World } from './world.ts'

/** What a class of inputs keeps count of. */
export interface Tally {
  /** Inputs that reference and verifier both accept. */
  accepted: number
  /** Inputs by the first rule they break. */
  readonly rules: Map<string, number>
}

/** A kind of input, made for one world and one subject. */
export interface FuzzClass<Input = unknown> {
  readonly inputs: fc.Arbitrary<Input>
  /** Runs one input through subject and reference; throws Disagreement, or whatever the subject threw. */
  check(input: Input): void
}

/** Makes a class of inputs. */
export type MakeFuzzClass<Input = unknown> = (
  world: World,
  subject: Subject,
  tally: Tally,
) => FuzzClass<Input>

/** Subject and reference have another opinion; the message holds the whole input. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement'

  constructor(subject: unknown, reference: unknown, input: object) {
    super(`verifier: ${toText(subject)}; reference: ${toText(reference)}; ${toText(input)}`)
  }
}

/** Makes an empty tally. */
export function makeTally(): Tally {
  return { accepted: 0, rules: new Map() }
}

/** Counts an outcome: `undefined` for an input that is accepted, otherwise the rule it breaks. */
export function count(tally: Tally, rule: string | undefined): void {
  if (rule === undefined) tally.accepted++
  else tally.rules.set(rule, (tally.rules.get(rule) ?? 0) + 1)
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
