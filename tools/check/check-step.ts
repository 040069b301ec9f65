import type { CommandResult } from '../process/run-command.ts'

/** One thing that `npm run check` checks. */
export interface CheckStep {
  readonly name: string
  /** Resolves with nothing when all is well, or with what is wrong. */
  run(): Promise<string | undefined>
}

/** A step that is well when a command ends with 0. */
export function commandStep(name: string, command: () => Promise<CommandResult>): CheckStep {
  return {
    name,
    async run() {
      const { code, output } = await command()
      return code === 0 ? undefined : output.trim() || `ended with code ${code}`
    },
  }
}

/** A step that is well when there is nothing to list. */
export function listStep(name: string, list: () => Promise<readonly string[]>): CheckStep {
  return {
    name,
    async run() {
      const lines = await list()
      return lines.length === 0 ? undefined : lines.join('\n')
    },
  }
}
