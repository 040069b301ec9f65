import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchOver } from '../tools/parts/watch-over.ts'
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

/** Starts a script of this repository and resolves when its port answers; its warnings and errors go to our stderr. It ends with us, however we end. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  await using stack = new AsyncDisposableStack()
  // 2: its log is no part of our output.
  const child = await spawnPinned(command, ['ignore', 2, 'inherit'], stack)
  stack.defer(() => stop(child))
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
  const opened = stack.move()
  return { pid: child.pid ?? 0, port, assertRunning, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Runs a script of this repository to its end and reads what it printed as JSON. Throws when it fails. */
export async function runScript<T>(command: Omit<ServerCommand, 'port'>): Promise<T> {
  await using stack = new AsyncDisposableStack()
  const child = await spawnPinned(command, ['ignore', 'pipe', 'inherit'], stack)
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command.script} ended with ${code}`)
  return JSON.parse(Buffer.concat(chunks).toString())
}

/** Under a watch that ends the process where this one is gone before `stack` is unwound. */
async function spawnPinned(
  command: Omit<ServerCommand, 'port'>,
  stdio: ('ignore' | 'pipe' | 'inherit' | number)[],
  stack: AsyncDisposableStack,
): Promise<ChildProcess> {
  const watch = watchOver(await mkdtemp(join(tmpdir(), 'bench-server-')))
  stack.defer(() => watch.close())
  const { script, prefix, nodeArgs = [], args = [] } = command
  const line = [...prefix, process.execPath, '--conditions=source', ...nodeArgs, script, ...args]
  const child = spawn(line[0] as string, line.slice(1), {
    cwd: rootFolder,
    env: command.environment ?? process.env,
    stdio,
  })
  watch.set(child.pid)
  child.once('exit', () => watch.set(undefined))
  return child
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
