import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { listFiles } from '../process/list-files.ts'
import { rootFolder } from '../process/root-folder.ts'
import { findEquivalent } from './equivalents.ts'
import { listImporters } from './list-importers.ts'
import { listMutations } from './list-mutations.ts'
import { findKiller, type Mutant, type MutantOptions, passes } from './run-mutant.ts'

const usage = `usage: npm run mutate -- <file or folder> … [--only <part of a name> …] [--skip-tests <part of a path> …]
         [--workers <cores>] [--every <n>] [--timeout <seconds>]
Changes each file in many small ways, one at a time and only in memory, and runs the tests beside it that import it.`

const { paths, only, skipTests, workers, every, timeoutMs } = readArguments()
const options: MutantOptions = { root: rootFolder, timeoutMs, environment: process.env }
process.exitCode = await main()

async function main(): Promise<number> {
  const mutants = (await listMutants()).filter((_, at) => at % every === 0)
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))]
  for (const test of tests) {
    if (await passes(test, undefined, options)) continue
    console.error(`${test} fails without any change`)
    return 2
  }
  console.log(`${mutants.length} mutants, ${tests.length} test files`)
  const killers = await runAll(mutants)
  const isOfNoEffect = (mutant: Mutant) => findEquivalent(mutant.file, toChange(mutant)) !== undefined
  const survivors = mutants.filter((mutant, at) => killers[at] === undefined && !isOfNoEffect(mutant))
  printScores(mutants, survivors)
  return 0
}

async function listMutants(): Promise<Mutant[]> {
  const files = (await Promise.all(paths.map(listSources))).flat()
  const wanted = files.filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
  const isSource = (file: string) => file.endsWith('.ts') && !/\.test\.ts$|\/test\/|\/index\.ts$/.test(file)
  const tests = files.filter(
    (file) => file.endsWith('.test.ts') && !skipTests.some((part) => file.includes(part)),
  )
  return wanted.filter(isSource).flatMap((file) => {
    const importers = listImporters(rootFolder, file, tests)
    const mutations = listMutations(readFileSync(join(rootFolder, file), 'utf8'))
    return mutations.map((mutation) => ({ ...mutation, file, tests: importers }))
  })
}

async function listSources(path: string): Promise<string[]> {
  const below = relative(rootFolder, resolve(path))
  return path.endsWith('.ts') ? [below] : await listFiles(rootFolder, below)
}

async function runAll(mutants: readonly Mutant[]): Promise<(string | undefined)[]> {
  const killers: (string | undefined)[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let at = next++; at < mutants.length; at = next++) {
      const mutant = mutants[at]
      if (mutant === undefined) return
      killers[at] = await findKiller(mutant, options)
      if (killers[at] === undefined) console.log(describe(mutant))
      if (at % 50 === 49) console.log(`${at + 1} of ${mutants.length}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return killers
}

function printScores(mutants: readonly Mutant[], survivors: readonly Mutant[]): void {
  const count = (list: readonly Mutant[], file: string) =>
    list.filter((mutant) => mutant.file === file).length
  console.log('\n| File | Mutants | Noticed |\n| --- | ---: | ---: |')
  for (const file of new Set(mutants.map((mutant) => mutant.file))) {
    const [all, left] = [count(mutants, file), count(survivors, file)]
    console.log(`| ${file} | ${all} | ${(((all - left) / all) * 100).toFixed(0)} % |`)
  }
  const noticed = mutants.length - survivors.length
  console.log(
    `\n${noticed} of ${mutants.length} noticed: ${((noticed / mutants.length) * 100).toFixed(1)} %\n`,
  )
}

function describe(mutant: Mutant): string {
  const { file, line } = mutant
  const change = toChange(mutant)
  const same = findEquivalent(file, change)
  return `${same ? 'means the same' : 'not noticed'}: ${file}:${line}: ${change}${same ? ` (${same.why})` : ''}`
}

function toChange({ file, start, end, text }: Mutant): string {
  const source = readFileSync(join(rootFolder, file), 'utf8')
  return `${source.slice(start, end).slice(0, 60)} → ${text.slice(0, 60)}`
}

function readArguments() {
  const known = {
    only: { type: 'string', multiple: true },
    'skip-tests': { type: 'string', multiple: true },
    workers: { type: 'string' },
    every: { type: 'string' },
    timeout: { type: 'string' },
  } as const
  try {
    const { values, positionals } = parseArgs({ options: known, allowPositionals: true })
    if (positionals.length === 0) throw new Error('which files?')
    return {
      paths: positionals,
      only: values.only ?? [],
      skipTests: values['skip-tests'] ?? [],
      workers: Number(values.workers ?? availableParallelism()),
      every: Number(values.every ?? 1),
      timeoutMs: Number(values.timeout ?? 60) * 1000,
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`)
    process.exit(2)
  }
}
