import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'

/** Which cores the server under test has, and which the rest: load, PostgreSQL, this process. */
export interface Pinning {
  /** `taskset -c …` in front of the server's command; empty where nothing is pinned. */
  readonly serverPrefix: readonly string[]
  /** What was done, for the report. */
  readonly told: string
}

/** Moves this process and what it starts from now on off core 0, which is the server's, where `taskset` and a second core exist. */
export function pinThisProcess(): Pinning {
  const cores = availableParallelism()
  if (cores < 2) return { serverPrefix: [], told: 'not pinned: one core only, server and load share it' }
  const rest = cores === 2 ? '1' : `1-${cores - 1}`
  try {
    execFileSync('taskset', ['-acp', rest, String(process.pid)], { stdio: 'pipe' })
  } catch {
    return {
      serverPrefix: [],
      told: 'not pinned: taskset does not work here, server and load share all cores',
    }
  }
  return {
    serverPrefix: ['taskset', '-c', '0'],
    told: `the server has core 0 alone; load and database have core ${rest} (taskset)`,
  }
}

/** Gives this process, and what it starts from now on, all cores: for what is measured from end to end. Disposing pins it again. */
export function unpinThisProcess(): Disposable {
  const all = `0-${cpus().length - 1}`
  try {
    execFileSync('taskset', ['-acp', all, String(process.pid)], { stdio: 'pipe' })
  } catch {
    // What could not be pinned is not pinned.
  }
  return { [Symbol.dispose]: () => void pinThisProcess() }
}
