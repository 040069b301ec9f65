import { delimiter, dirname } from 'node:path'
import { rootFolder } from '../process/root-folder.ts'
import { type CommandResult, runCommand } from '../process/run-command.ts'
import { bufBinary } from './buf-binary.ts'

/** Runs buf from `folder`, without network; plugins written for Node run on this process's Node. */
export function runBuf(args: readonly string[], folder = rootFolder): Promise<CommandResult> {
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`
  return runCommand(bufBinary(), args, folder, { ...process.env, PATH: path })
}

/** Runs buf and returns what it printed. Throws with that when it fails. */
export async function mustRunBuf(args: readonly string[], folder = rootFolder): Promise<string> {
  const { code, output } = await runBuf(args, folder)
  if (code !== 0) throw new Error(`buf ${args[0]} failed\n${output.trim()}`)
  return output
}
