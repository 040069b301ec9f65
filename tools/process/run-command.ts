import { spawn } from 'node:child_process'

/** How a command ended: its exit code (128 when a signal ended it) and all it printed, in order of arrival. */
export interface CommandResult {
  readonly code: number
  readonly output: string
}

/** Runs `command` from `folder` with no stdin and resolves with its end; rejects only when it cannot be started. */
export function runCommand(
  command: string,
  args: readonly string[],
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 128, output: Buffer.concat(chunks).toString() }))
  })
}
