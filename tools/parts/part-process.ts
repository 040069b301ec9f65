import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning } from './is-running.ts'
import { listChildren } from './list-children.ts'
import type { Watch } from './watch-over.ts'

const pollMs = 20

/** How a part's process is started and how it says that it serves. */
export interface PartCommand {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
  readonly folder: string
  /** Where its stdout and stderr go. */
  readonly logFile: string
  /** What its log says once it serves. */
  readonly readyLine: RegExp
  /** The signal that makes it stop in good order. */
  readonly stopSignal: NodeJS.Signals
  readonly startTimeoutMs: number
}

/** A server process of a test that can be stopped, killed, paused and started again. */
export class PartProcess {
  readonly #part: PartCommand
  readonly #watch: Watch
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #paused: number[] = []

  constructor(part: PartCommand, watch: Watch) {
    this.#part = part
    this.#watch = watch
  }

  /** Starts the process and resolves when it serves. Throws with the end of its log when it does not. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.#part.name} runs already`)
    const logStart = (await this.#readLog()).length
    const child = this.#spawn()
    const deadline = Date.now() + this.#part.startTimeoutMs
    for (;;) {
      const log = (await this.#readLog()).slice(logStart)
      if (this.#part.readyLine.test(log)) return
      if (this.#child !== child || Date.now() > deadline) {
        await this.kill('SIGKILL')
        throw new Error(`${this.#part.name} did not start: ${log.trim().split('\n').slice(-20).join('\n')}`)
      }
      await sleep(pollMs)
    }
  }

  /** Asks the process to stop in good order and resolves when it is gone. */
  async stop(): Promise<void> {
    await this.kill(this.#part.stopSignal)
  }

  /** Ends the process with `signal` and resolves when it is gone; SIGKILL takes its children at the same instant. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined) return
    if (this.#paused.length > 0) this.resume()
    const family = await listChildren(child.pid)
    // Unreferenced, it would let this process end before it has seen it go.
    child.ref()
    child.kill(signal)
    if (signal === 'SIGKILL') for (const { pid } of family) send(pid, signal)
    await this.#exited
    while (family.some(({ pid }) => isRunning(pid))) await sleep(pollMs)
  }

  /** Freezes the process and its children: their connections stay open and nothing answers any more. */
  async pause(): Promise<void> {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`${this.#part.name} does not run`)
    this.#paused = [pid]
    // The parent first, so that it makes no child that is missed.
    send(pid, 'SIGSTOP')
    for (const child of await listChildren(pid)) {
      this.#paused.push(child.pid)
      send(child.pid, 'SIGSTOP')
    }
  }

  /** Lets the frozen process go on. */
  resume(): void {
    for (const pid of this.#paused.splice(0)) send(pid, 'SIGCONT')
  }

  #spawn(): ChildProcess {
    const { command, args, folder, logFile, uid, gid, environment } = this.#part
    const log = openSync(logFile, 'a')
    const child = spawn(command, args, {
      cwd: folder,
      env: environment ?? process.env,
      stdio: ['ignore', log, log],
      // Out of the terminal's reach: a Ctrl-C is answered by whoever opened the part.
      detached: true,
      ...(uid !== undefined && gid !== undefined ? { uid, gid } : {}),
    })
    closeSync(log)
    child.unref()
    this.#child = child
    this.#watch.set(child.pid)
    this.#exited = new Promise((resolve) => {
      const gone = () => {
        this.#child = undefined
        this.#watch.set(undefined)
        resolve()
      }
      child.once('exit', gone)
      child.once('error', gone)
    })
    return child
  }

  async #readLog(): Promise<string> {
    return await readFile(this.#part.logFile, 'utf8').catch(() => '')
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has gone by itself since it was listed.
  }
}
