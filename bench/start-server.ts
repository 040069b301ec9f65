import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { rootFolder } from '../tools/process/root-folder.ts'

/** A server process under test. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  /** Throws when it has ended by itself. */
  assertRunning(): void
}

/** What to start and where it will listen. */
export interface ServerCommand {
  readonly script: string
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly port: number
  readonly environment?: NodeJS.ProcessEnv
  /** In front of the command, such as `taskset -c 0`. */
  readonly prefix: readonly string[]
}

const startTimeoutMs = 30_000

/** Starts a script of this repository and resolves when its port answers; its warnings and errors go to our stderr. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  // 2: its log is no part of our output.
  const child = spawnPinned(command, ['ignore', 2, 'inherit'])
  const { port } = command
  const assertRunning = () => {
    if (child.exitCode === null && child.signalCode === null) return
    throw new Error(`${command.script} has ended: ${child.signalCode ?? child.exitCode}`)
  }
  const deadline = Date.now() + startTimeoutMs
  while (!(await canConnect(port))) {
    assertRunning()
    if (Date.now() > deadline) throw new Error(`${command.script} does not listen on ${port}`)
    await sleep(50)
  }
  return { pid: child.pid ?? 0, port, assertRunning, [Symbol.asyncDispose]: () => stop(child) }
}

/** Runs a script of this repository to its end and reads what it printed as JSON. Throws when it fails. */
export async function runScript<T>(command: Omit<ServerCommand, 'port'>): Promise<T> {
  const child = spawnPinned(command, ['ignore', 'pipe', 'inherit'])
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command.script} ended with ${code}`)
  return JSON.parse(Buffer.concat(chunks).toString())
}

function spawnPinned(
  command: Omit<ServerCommand, 'port'>,
  stdio: ('ignore' | 'pipe' | 'inherit' | number)[],
) {
  const { script, prefix, nodeArgs = [], args = [] } = command
  const line = [...prefix, process.execPath, '--conditions=source', ...nodeArgs, script, ...args]
  return spawn(line[0] as string, line.slice(1), {
    cwd: rootFolder,
    env: command.environment ?? process.env,
    stdio,
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await gone
  clearTimeout(kill)
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => socket.destroy() && resolve(true))
    socket.once('error', () => resolve(false))
  })
}
