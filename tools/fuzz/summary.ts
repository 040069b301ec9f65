import type { ClassReport } from './fuzz.ts'
import { type FuzzClassName, fuzzClassNames } from './fuzz-classes.ts'
import { masked } from './mutants/careless-mutants.ts'
import { keySetRules, type Rule, tokenRules } from './reference/rules.ts'
import type { Finding } from './run-class.ts'

/** Sums of a whole run. */
export interface Summary {
  add(report: ClassReport): void
  readonly inputs: number
  readonly findings: readonly (Finding & { readonly class: FuzzClassName })[]
  /** Rules that no input broke first, though one could. */
  readonly unbroken: readonly Rule[]
  /** A table of classes, and of the rules that inputs broke. */
  toText(): string
}

interface Sum {
  inputs: number
  ms: number
  accepted: number
}

/** Makes an empty summary. */
export function makeSummary(): Summary {
  return new Sums()
}

class Sums implements Summary {
  readonly findings: (Finding & { readonly class: FuzzClassName })[] = []
  readonly #classes = new Map<FuzzClassName, Sum>()
  readonly #rules = new Map<string, number>()

  add({ name, inputs, ms, accepted, rules, finding }: ClassReport): void {
    const sum = this.#classes.get(name) ?? { inputs: 0, ms: 0, accepted: 0 }
    this.#classes.set(name, {
      inputs: sum.inputs + inputs,
      ms: sum.ms + ms,
      accepted: sum.accepted + accepted,
    })
    for (const [rule, broken] of rules) this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + broken)
    if (finding !== undefined) this.findings.push({ class: name, ...finding })
  }

  get inputs(): number {
    return [...this.#classes.values()].reduce((all, { inputs }) => all + inputs, 0)
  }

  get unbroken(): readonly Rule[] {
    const rules = [...Object.keys(tokenRules), ...Object.keys(keySetRules)] as Rule[]
    return rules.filter((rule) => !this.#rules.has(rule) && masked[rule] === undefined)
  }

  toText(): string {
    const classes = fuzzClassNames.flatMap((name) => {
      const sum = this.#classes.get(name)
      return sum === undefined ? [] : [toRow(name, sum)]
    })
    const rules = [...this.#rules].sort(([, a], [, b]) => b - a)
    return [
      '| Class | Inputs | Accepted by both | µs an input | Inputs/s of one thread |',
      '| --- | ---: | ---: | ---: | ---: |',
      ...classes,
      '',
      `First rule broken: ${rules.map(([rule, broken]) => `${rule} ${broken.toLocaleString('en')}`).join(', ')}`,
    ].join('\n')
  }
}

function toRow(name: string, { inputs, ms, accepted }: Sum): string {
  const share = `${((accepted / inputs) * 100).toFixed(1)} %`
  const each = ((ms * 1000) / inputs).toFixed(0)
  const rate = Math.round((inputs / ms) * 1000).toLocaleString('en')
  return `| ${name} | ${inputs.toLocaleString('en')} | ${share} | ${each} | ${rate} |`
}
