import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ProcessError, type ServiceProcess, startProcess } from './start-process.ts'
import { takeFreePort } from './take-free-port.ts'

/** How the authentication service is started. */
export interface AuthProcessOptions {
  /** Its working folder, which holds the embedded database where no `DATABASE_URL` is given. */
  readonly folder: string
  /** Its settings; listeners and data folder are added. Nothing is inherited. */
  readonly environment?: NodeJS.ProcessEnv
  /** How long it may take to serve; default 60,000. */
  readonly readyTimeoutMs?: number
}

/** The authentication service as a process. */
export interface AuthProcess extends AsyncDisposable {
  readonly grpcAddress: string
  readonly edgeUrl: string
  readonly adminUrl: string
  readonly process: ServiceProcess
  /** Resolves when `/readyz` says that it serves; rejects with ProcessError when it ends or takes too long. */
  awaitReady(): Promise<void>
  /** Stops it; its data stay. */
  stop(): Promise<void>
  /** Starts it again on the same ports and data, after it was stopped. Ready is what the answer's `awaitReady` says. */
  startAgain(): AuthProcess
}

const script = fileURLToPath(new URL('../../services/auth/src/main.ts', import.meta.url))

/** Starts the authentication service on free ports; the embedded database lies in `folder`. */
export async function startAuthProcess(options: AuthProcessOptions): Promise<AuthProcess> {
  const [grpc, edge, admin] = [await takeFreePort(), await takeFreePort(), await takeFreePort()]
  return start(options, { grpc, edge, admin })
}

interface Ports {
  readonly grpc: number
  readonly edge: number
  readonly admin: number
}

function start(options: AuthProcessOptions, ports: Ports): AuthProcess {
  const { folder, environment = {}, readyTimeoutMs = 60_000 } = options
  const process = startProcess({
    name: 'auth service',
    script,
    folder,
    environment: {
      ...environment,
      AUTH_GRPC_LISTEN: `127.0.0.1:${ports.grpc}`,
      AUTH_EDGE_LISTEN: `127.0.0.1:${ports.edge}`,
      AUTH_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
      AUTH_DATA_DIR: `${folder}/auth`,
    },
  })
  const adminUrl = `http://127.0.0.1:${ports.admin}`
  return {
    grpcAddress: `127.0.0.1:${ports.grpc}`,
    edgeUrl: `http://127.0.0.1:${ports.edge}`,
    adminUrl,
    process,
    awaitReady: () => awaitReady(process, adminUrl, readyTimeoutMs),
    stop: () => process.stop(),
    startAgain: () => start(options, ports),
    [Symbol.asyncDispose]: () => process.stop(),
  }
}

async function awaitReady(process: ServiceProcess, adminUrl: string, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await isReady(adminUrl))) {
    process.ended.throwIfAborted()
    if (performance.now() > end) {
      throw new ProcessError(`${process.name} is not ready after ${timeoutMs} ms`)
    }
    await sleep(25)
  }
}

async function isReady(adminUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
