import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { watchOver } from '../../parts/watch-over.ts'

/** What a process of a chaos run is. */
export interface ProcessCommand {
  readonly name: string
  /** A TypeScript file. */
  readonly file: string
  readonly args?: readonly string[]
  /** All of it but PATH: nothing is inherited. */
  readonly environment: NodeJS.ProcessEnv
  /** Its output is appended here. */
  readonly logFile: string
  /** What it prints once it serves. */
  readonly readyLine: RegExp
  /** Called with what it sends over IPC. */
  readonly onMessage?: (message: unknown) => void
}

/** A process that is started again whenever it ends, until it is taken down. */
export interface ChaosProcess extends AsyncDisposable {
  readonly name: string
  readonly isServing: boolean
  /** How often it ended by itself after it had served. */
  readonly crashes: number
  /** Which life this is; rises with every start. */
  readonly life: number
  /** Sends over IPC, as far as it runs; says whether it did. */
  send(message: unknown): boolean
  /** Ends it by a signal, SIGKILL by default, and no new start before `up`; resolves when it is gone. */
  down(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again. */
  up(): void
  /** SIGSTOP. */
  pause(): void
  /** SIGCONT. */
  resume(): void
}

/** An orchestrator would wait before it starts anew what cannot start: the database may be away. */
const restartAfterMs = 300

/** Starts a process and keeps it running. When this process goes, however it goes, so does that one. */
export async function openProcess(command: ProcessCommand): Promise<ChaosProcess> {
  const folder = await mkdtemp(join(tmpdir(), `chaos-${command.name}-`))
  const started = new KeptProcess(command, folder)
  started.up()
  return started
}

class KeptProcess implements ChaosProcess {
  readonly #command: ProcessCommand
  readonly #folder: string
  readonly #watch
  readonly #log
  #child: ChildProcess | undefined
  #isWanted = false
  #restart: NodeJS.Timeout | undefined
  isServing = false
  crashes = 0
  life = 0

  constructor(command: ProcessCommand, folder: string) {
    this.#command = command
    this.#folder = folder
    this.#watch = watchOver(folder)
    this.#log = createWriteStream(command.logFile, { flags: 'a' })
  }

  get name(): string {
    return this.#command.name
  }

  send(message: unknown): boolean {
    const child = this.#child
    if (child === undefined || !child.connected) return false
    child.send(message as object, () => undefined)
    return true
  }

  up(): void {
    this.#isWanted = true
    if (this.#child === undefined) this.#start()
  }

  async down(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#isWanted = false
    clearTimeout(this.#restart)
    const child = this.#child
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
    this.#log.end()
    await this.#watch.close()
  }

  #start(): void {
    const { file, args = [], environment, readyLine, onMessage } = this.#command
    this.life += 1
    const child = spawn(process.execPath, ['--conditions=source', file, ...args], {
      cwd: this.#folder,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', ...(onMessage === undefined ? [] : ['ipc' as const])],
      // Out of the terminal's reach: a Ctrl-C is answered by the run.
      detached: true,
    })
    this.#child = child
    this.#watch.set(child.pid)
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#log.write(chunk)
      if (readyLine.test(chunk.toString())) this.isServing = true
    })
    child.stderr?.on('data', (chunk: Buffer) => this.#log.write(chunk))
    if (onMessage !== undefined) child.on('message', onMessage)
    child.on('error', () => undefined)
    child.once('exit', () => this.#ended())
  }

  #ended(): void {
    this.#child = undefined
    this.#watch.set(undefined)
    if (this.#isWanted) {
      if (this.isServing) this.crashes += 1
      this.#restart = setTimeout(() => this.#isWanted && this.#start(), restartAfterMs)
    }
    this.isServing = false
  }
}
