import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { testMasterKey } from './open-test-auth.ts'

/** What a process runs: the service as it is, with hashing that costs next to nothing, or dying at a point of its way to a platform. */
export type Entry = '../src/main.ts' | './cheap-main.ts' | './platforms/fault-main.ts'

/** A line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string }

/** How a process has ended. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The service as a process of its own, from the moment it was started. */
export interface AuthProcess extends AsyncDisposable {
  readonly pid: number
  readonly lines: readonly LogLine[]
  /** Everything it wrote to stderr. */
  readonly stderr: () => string
  readonly ended: Promise<ProcessEnd>
  /** Resolves with the first log line that passes, earlier ones included; rejects when the process ends before. */
  waitForLine(passes: (line: LogLine) => boolean): Promise<LogLine>
  /** Ends it with a signal, SIGKILL by default, and resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<ProcessEnd>
}

/** A process that serves. */
export interface ServingProcess extends AuthProcess {
  readonly grpcPort: number
  readonly edgePort: number
  readonly adminPort: number
  readonly address: string
}

/**
 * Starts the service as a child: ports of its own, in a working folder of its own. `environment` replaces
 * what is set here; nothing of this process's configuration is inherited.
 */
export async function spawnAuthProcess(
  environment: NodeJS.ProcessEnv = {},
  entry: Entry = '../src/main.ts',
): Promise<AuthProcess> {
  const mainFile = fileURLToPath(new URL(entry, import.meta.url))
  const folder = await mkdtemp(join(tmpdir(), 'auth-process-'))
  const child = spawn(process.execPath, ['--conditions=source', mainFile], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      AUTH_GRPC_LISTEN: '127.0.0.1:0',
      AUTH_EDGE_LISTEN: '127.0.0.1:0',
      AUTH_ADMIN_LISTEN: '127.0.0.1:0',
      AUTH_MASTER_KEY: testMasterKey,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close').then(async ([code, signal]): Promise<ProcessEnd> => {
    await rm(folder, { recursive: true, force: true })
    return { code, signal }
  })
  return { pid: child.pid ?? 0, ended, ...readOutput(child, ended), ...makeKill(child, ended) }
}

function makeKill(child: ChildProcess, ended: Promise<ProcessEnd>) {
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal)
    return await ended
  }
  const dispose = async () => void (await kill())
  return { kill, [Symbol.asyncDispose]: dispose }
}

function readOutput(child: ChildProcess, ended: Promise<ProcessEnd>) {
  const lines: LogLine[] = []
  const errors: string[] = []
  const listeners = new Set<() => void>()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text))
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (text) => {
      lines.push(toLogLine(text))
      for (const listener of listeners) listener()
    })
  }
  const waitForLine = async (passes: (line: LogLine) => boolean): Promise<LogLine> => {
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>()
    const look = () => {
      const found = lines.find(passes)
      if (found) resolve(found)
    }
    listeners.add(look)
    look()
    ended.then(() =>
      reject(new Error(`the process ended: ${errors.join('') || JSON.stringify(lines.at(-1))}`)),
    )
    return await promise.finally(() => listeners.delete(look))
  }
  return { lines, stderr: () => errors.join(''), waitForLine }
}

function toLogLine(text: string): LogLine {
  try {
    return JSON.parse(text)
  } catch {
    return { msg: text }
  }
}

/** Starts the service and resolves when it serves. Rejects with what it wrote to stderr when it ends instead. */
export async function startAuthProcess(
  environment: NodeJS.ProcessEnv = {},
  entry?: Entry,
): Promise<ServingProcess> {
  const started = await spawnAuthProcess(environment, entry)
  const serving = await started.waitForLine(({ msg }) => msg === 'serving')
  const [grpcPort, edgePort, adminPort] = [serving.grpcPort, serving.edgePort, serving.adminPort].map(Number)
  if (!grpcPort || !edgePort || !adminPort) throw new Error('the line "serving" does not name all ports')
  return { ...started, grpcPort, edgePort, adminPort, address: `127.0.0.1:${grpcPort}` }
}
