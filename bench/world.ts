import type { BenchDatabase } from './open-bench-database.ts'
import type { BenchOptions } from './read-options.ts'
import type { Seed } from './seed.ts'
import type { ServerProcess } from './start-server.ts'

/** What every measurement works on. */
export interface World {
  readonly options: BenchOptions
  readonly database: BenchDatabase
  readonly service: ServerProcess
  /** Where the service shows its metrics. */
  readonly adminPort: number
  readonly seed: Seed
  /** In front of the commands of servers and limits. */
  readonly serverPrefix: readonly string[]
}

/** Tells what is being measured; the table comes at the end. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}
