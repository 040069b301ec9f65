import { spawnSync } from 'node:child_process'
import { findNpm } from '../bootstrap/find-npm.mjs'
import { rootFolder } from '../process/root-folder.ts'

/** Runs npm in the repository's folder, its output where ours goes, and returns its exit code. */
export function runNpmHere(...args: readonly string[]): number {
  const { status } = spawnSync(process.execPath, [findNpm(), ...args], { cwd: rootFolder, stdio: 'inherit' })
  return status ?? 1
}
