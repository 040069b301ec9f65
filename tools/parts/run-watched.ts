import { type ExecFileOptions, execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Watch } from './watch-over.ts'

/** Runs a command that prepares a part's folder, under the part's watch. Throws what it printed when it fails. */
export async function runWatched(
  watch: Watch,
  command: string,
  args: readonly string[],
  options: ExecFileOptions,
): Promise<void> {
  const running = promisify(execFile)(command, args, options)
  watch.set(running.child.pid)
  try {
    await running
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new Error(`${command} failed: ${stderr.trim() || message}`, { cause: error })
  } finally {
    watch.set(undefined)
  }
}
