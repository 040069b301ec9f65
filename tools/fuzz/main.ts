import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type FuzzClassName, fuzzClassNames } from './fuzz-classes.ts'
import { measureGrowth } from './measure-growth.ts'
import { findMutant, makeMutants } from './mutants/find-mutant.ts'
import { runWorkers } from './run-workers.ts'
import { makeSummary } from './summary.ts'
import { makeWorld } from './world.ts'

const usage = `usage: npm run fuzz -- [--inputs 300000] [--seed <number>] [--workers <cores>] [--class <name> …]
       npm run fuzz -- --mutants [--inputs 30000]   each planted bug, and the inputs that it took to find it
       npm run fuzz -- --growth                     how time grows with the size of hostile inputs
classes: ${fuzzClassNames.join(', ')}`

const tellEveryMs = 10_000

process.exitCode = await main()

async function main(): Promise<number> {
  const { inputs, seed, workers, classes, mutants, growth } = readArguments()
  if (mutants) return findMutants(inputs ?? 30_000, seed)
  if (growth) return showGrowth()
  return fuzzAll({ inputs: inputs ?? 300_000, seed, workers, classes })
}

interface Asked {
  readonly inputs: number
  readonly seed: number
  readonly workers: number
  readonly classes: readonly FuzzClassName[]
}

async function fuzzAll({ inputs, seed, workers, classes }: Asked): Promise<number> {
  const summary = makeSummary()
  const heap: number[] = []
  const startedMs = performance.now()
  let toldMs = startedMs
  console.log(`seed ${seed}, ${inputs.toLocaleString('en')} inputs, ${workers} threads`)
  await runWorkers({ inputs, seed, workers, classes }, (report) => {
    summary.add(report)
    heap.push(report.heapBytes)
    if (report.finding !== undefined) console.log(`\nfound by ${report.name}: ${report.finding.input}`)
    if (performance.now() - toldMs < tellEveryMs) return
    toldMs = performance.now()
    console.log(`${summary.inputs.toLocaleString('en')} inputs, ${toSeconds(toldMs - startedMs)}`)
  })
  const tookMs = performance.now() - startedMs
  const rate = Math.round((summary.inputs / tookMs) * 1000).toLocaleString('en')
  console.log(`\n${summary.toText()}`)
  console.log(`\n${summary.inputs.toLocaleString('en')} inputs in ${toSeconds(tookMs)}: ${rate}/s`)
  console.log(
    `heap of a thread, garbage included: ${toHeap(heap.slice(0, heap.length / 4))} in the first quarter, ${toHeap(heap.slice(-heap.length / 4))} in the last`,
  )
  console.log(`rules that no input broke: ${summary.unbroken.join(', ') || 'none'}`)
  for (const { class: name, seed: at, path, input, error } of summary.findings) {
    console.log(`\n${name} --seed ${at} path ${path}\n${input}\n${error}`)
  }
  console.log(summary.findings.length === 0 ? 'no finding' : `${summary.findings.length} findings`)
  return summary.findings.length === 0 ? 0 : 1
}

function findMutants(inputs: number, seed: number): number {
  const world = makeWorld()
  const reports = makeMutants().map((mutant) => findMutant(mutant, world, inputs, seed))
  console.log('| Planted bug | Found by | Inputs until then |\n| --- | --- | ---: |')
  for (const { name, foundBy, inputs: took } of reports) {
    console.log(`| ${name} | ${foundBy ?? '**not found**'} | ${took.toLocaleString('en')} |`)
  }
  const missed = reports.filter(({ foundBy }) => foundBy === undefined)
  console.log(`\n${reports.length - missed.length} of ${reports.length} found`)
  return missed.length === 0 ? 0 : 1
}

function showGrowth(): number {
  const growths = measureGrowth(makeWorld(12))
  console.log('| Input | Bytes | Time through that of an eighth | ms |\n| --- | ---: | ---: | ---: |')
  for (const { name, bytes, ratio, ms } of growths.sort((a, b) => b.ratio - a.ratio)) {
    console.log(`| ${name} | ${bytes.toLocaleString('en')} | ${ratio.toFixed(1)} | ${ms.toFixed(3)} |`)
  }
  return 0
}

function readArguments() {
  const options = {
    inputs: { type: 'string' },
    seed: { type: 'string' },
    workers: { type: 'string' },
    class: { type: 'string', multiple: true },
    mutants: { type: 'boolean' },
    growth: { type: 'boolean' },
  } as const
  try {
    const { values } = parseArgs({ options })
    const count = (text: string) => {
      const value = Number(text.replaceAll('_', ''))
      if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${text} is no number of 1 or more`)
      return value
    }
    const classes = (values.class ?? fuzzClassNames).map((name) => {
      const found = fuzzClassNames.find((known) => known === name)
      if (found === undefined) throw new Error(`there is no class ${name}`)
      return found
    })
    return {
      inputs: values.inputs === undefined ? undefined : count(values.inputs),
      seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed) | 0,
      workers: count(values.workers ?? String(availableParallelism())),
      classes,
      mutants: values.mutants === true,
      growth: values.growth === true,
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`)
    process.exit(2)
  }
}

function toSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function toHeap(bytes: readonly number[]): string {
  return `${Math.round(Math.max(0, ...bytes) / 2 ** 20)} MB at most`
}
