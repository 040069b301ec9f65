import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Mutation } from './list-mutations.ts'

/** A mutation of a file, and the tests that should notice. */
export interface Mutant extends Mutation {
  readonly file: string
  readonly tests: readonly string[]
}

/** What runs take. */
export interface MutantOptions {
  readonly root: string
  /** For one test file; a mutant that takes longer is noticed. */
  readonly timeoutMs: number
  readonly environment: NodeJS.ProcessEnv
}

/** The first test file that fails with the mutation in place; undefined where all pass. Files on disk are not changed. */
export async function findKiller(mutant: Mutant, options: MutantOptions): Promise<string | undefined> {
  for (const test of mutant.tests) if (!(await passes(test, mutant, options))) return test
  return undefined
}

/** Whether a test file passes, with a mutation or, without one, as it is. */
export async function passes(
  test: string,
  mutant: Mutant | undefined,
  { root, timeoutMs, environment }: MutantOptions,
): Promise<boolean> {
  const planted = mutant === undefined ? [] : ['--import', toPlant(root, mutant)]
  const child = spawn(
    process.execPath,
    ['--conditions=source', ...planted, '--test', '--test-isolation=none', test],
    {
      cwd: root,
      env: environment,
      stdio: 'ignore',
    },
  )
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  try {
    return await new Promise<boolean>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code === 0))
    })
  } finally {
    clearTimeout(timer)
  }
}

function toPlant(root: string, { file, start, end, text }: Mutant): string {
  const plant = new URL('./plant-mutation.ts', import.meta.url)
  plant.search = String(
    new URLSearchParams({
      url: pathToFileURL(join(root, file)).href,
      start: String(start),
      end: String(end),
      text,
    }),
  )
  return plant.href
}
