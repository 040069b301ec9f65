import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { testMasterKey } from './open-test-auth.ts'

/** How a run of the command has ended. */
export interface AuthctlRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const mainFile = fileURLToPath(new URL('../src/authctl/main.ts', import.meta.url))

/** Runs `authctl` as a process of its own, in a folder of its own, without a terminal. */
export async function runAuthctl(
  environment: NodeJS.ProcessEnv,
  ...args: readonly string[]
): Promise<AuthctlRun> {
  const cwd = await mkdtemp(join(tmpdir(), 'authctl-'))
  const env = toEnvironment(environment)
  try {
    return await new Promise((resolve, reject) => {
      const child = execFile(process.execPath, toCommand(args), { cwd, env }, (error, stdout, stderr) => {
        if (child.exitCode === null) reject(error)
        else resolve({ code: child.exitCode, stdout, stderr })
      })
      child.stdin?.end()
    })
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** Starts `authctl` as a process that goes on until it is interrupted. */
export function startAuthctl(
  environment: NodeJS.ProcessEnv,
  ...args: readonly string[]
): ChildProcessByStdio<null, Readable, null> {
  const options = { cwd: tmpdir(), env: toEnvironment(environment) }
  return spawn(process.execPath, toCommand(args), { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
}

function toCommand(args: readonly string[]): string[] {
  return ['--conditions=source', mainFile, ...args]
}

function toEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // Compiled once for all runs: half of what a run costs.
  const NODE_COMPILE_CACHE = join(tmpdir(), 'authctl-compiled')
  return { PATH: process.env.PATH, NODE_COMPILE_CACHE, AUTH_MASTER_KEY: testMasterKey, ...environment }
}
