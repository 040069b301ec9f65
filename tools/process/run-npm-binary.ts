import { delimiter, dirname } from 'node:path'
import { npmBinary } from './npm-binary.ts'
import { rootFolder } from './root-folder.ts'
import { type CommandResult, runCommand } from './run-command.ts'

/** Runs the command of an installed npm package from the root folder, on this process's Node. */
export function runNpmBinary(name: string, command: string, args: readonly string[]): Promise<CommandResult> {
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`
  return runCommand(process.execPath, [npmBinary(name, command), ...args], rootFolder, {
    ...process.env,
    PATH,
  })
}
