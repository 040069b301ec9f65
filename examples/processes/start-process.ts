import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What to start. */
export interface ProcessOptions {
  /** As it is called in messages. */
  readonly name: string
  /** The program's TypeScript file. */
  readonly script: string
  /** The whole environment: nothing is inherited. */
  readonly environment: NodeJS.ProcessEnv
  /** Its working folder. */
  readonly folder: string
}

/** A process that did not do what it was started for. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError'
}

/** A running service. */
export interface ServiceProcess extends AsyncDisposable {
  readonly name: string
  /** Aborted with a ProcessError once the process has ended. */
  readonly ended: AbortSignal
  /** Its latest output, stdout and stderr, oldest line first. */
  lastLines(count: number): readonly string[]
  /** The first line, also of those printed already, that matches; rejects with ProcessError when it ends or `timeoutMs` pass before. */
  awaitLine(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>
  /** Asks it to stop, kills it after 15 s, and resolves when it is gone. Idempotent. */
  stop(): Promise<void>
}

const keptLines = 200
const stopMs = 15_000

/** Starts a program of this repository with the Node.js at hand. */
export function startProcess(options: ProcessOptions): ServiceProcess {
  const { name, script, environment, folder } = options
  const child = spawn(process.execPath, ['--conditions=source', script], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collectLines(child)
  const ended = new AbortController()
  const end = (how: string) => ended.abort(new ProcessError(`${name} ended (${how})`))
  // 'close', not 'exit': by then the last lines have been read.
  child.once('close', (code, signal) => end(signal ?? `exit code ${code}`))
  child.once('error', (error) => end(error.message))
  const stop = () => stopChild(child, ended.signal)
  return {
    name,
    ended: ended.signal,
    lastLines: (count) => output.lines.slice(-count),
    awaitLine: (pattern, timeoutMs) => awaitLine(name, output, ended.signal, pattern, timeoutMs),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

interface Output {
  readonly lines: string[]
  readonly listeners: Set<(line: string) => void>
}

function collectLines(child: ChildProcess): Output {
  const output: Output = { lines: [], listeners: new Set() }
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue
    createInterface({ input }).on('line', (line) => {
      output.lines.push(line)
      if (output.lines.length > keptLines) output.lines.shift()
      for (const listener of output.listeners) listener(line)
    })
  }
  return output
}

function awaitLine(
  name: string,
  { lines, listeners }: Output,
  ended: AbortSignal,
  pattern: RegExp,
  timeoutMs: number,
): Promise<RegExpExecArray> {
  for (const line of lines) {
    const match = pattern.exec(line)
    if (match !== null) return Promise.resolve(match)
  }
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
  const look = (line: string) => {
    const match = pattern.exec(line)
    if (match !== null) resolve(match)
  }
  const giveUp = () => reject(ended.reason)
  const late = () => reject(new ProcessError(`${name} has not printed ${pattern} within ${timeoutMs} ms`))
  const timer = setTimeout(late, timeoutMs)
  listeners.add(look)
  if (ended.aborted) giveUp()
  ended.addEventListener('abort', giveUp, { once: true })
  return promise.finally(() => {
    clearTimeout(timer)
    listeners.delete(look)
    ended.removeEventListener('abort', giveUp)
  })
}

async function stopChild(child: ChildProcess, ended: AbortSignal): Promise<void> {
  if (ended.aborted) return
  const gone = new Promise((resolve) => ended.addEventListener('abort', resolve, { once: true }))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await gone
  clearTimeout(timer)
}
