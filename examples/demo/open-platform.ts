import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type AuthProcess,
  type ServiceProcess,
  startAuthProcess,
  startProcess,
} from '@immersiverse/example-processes'
import type { Teller } from './make-teller.ts'

/** Everything the demo talks to. */
export interface Platform {
  readonly authGrpcAddress: string
  readonly authEdgeUrl: string
  readonly chatUrl: string
  readonly chatGrpcAddress: string
  readonly subscriptionUrl: string
  readonly analyticsUrl: string
  /** Its alerts are lines of its output. */
  readonly securityMonitor: ServiceProcess
}

/** What opening needs. */
export interface PlatformParts {
  readonly environment: NodeJS.ProcessEnv
  readonly teller: Teller
  readonly signal: AbortSignal
  /** Every process is put here as soon as it is started. */
  readonly processes: ServiceProcess[]
  /** Stops the processes and removes the data folder. */
  readonly stack: AsyncDisposableStack
}

const readyMs = 60_000

/** Starts the services on free ports, each in its own process, and resolves when all say that they serve. */
export async function openPlatform(parts: PlatformParts): Promise<Platform> {
  const { environment, teller, stack } = parts
  const folder = await mkdtemp(join(tmpdir(), 'immersiverse-demo-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const auth = await teller.step('the authentication service is ready', () => openAuth(parts, folder))
  const shared = { ...environment, AUTH_ADDRESS: auth.grpcAddress }
  const listen = { CHAT_HTTP_LISTEN: '127.0.0.1:0', CHAT_GRPC_LISTEN: '127.0.0.1:0' }
  const chat = await teller.step('the chat service is ready', () =>
    openExample(parts, folder, 'chat-service', { ...shared, ...listen }),
  )
  const data = {
    SUBSCRIPTION_HTTP_LISTEN: '127.0.0.1:0',
    SUBSCRIPTION_DATA_DIR: join(folder, 'subscription'),
  }
  const subscription = await teller.step('the subscription service is ready', () =>
    openExample(parts, folder, 'subscription-service', { ...shared, ...data }),
  )
  const analyticsData = {
    ANALYTICS_HTTP_LISTEN: '127.0.0.1:0',
    ANALYTICS_DATA_DIR: join(folder, 'analytics'),
  }
  const monitorData = { MONITOR_DATA_DIR: join(folder, 'monitor') }
  const [analytics, monitor] = await teller.step(
    'the analytics service and the security monitor are ready',
    () =>
      Promise.all([
        openExample(parts, folder, 'analytics-service', { ...shared, ...analyticsData }),
        openExample(parts, folder, 'security-monitor', { ...shared, ...monitorData }),
      ]),
  )
  return {
    authGrpcAddress: auth.grpcAddress,
    authEdgeUrl: auth.edgeUrl,
    chatUrl: `http://${chat.listeners.http}`,
    chatGrpcAddress: `${chat.listeners.grpc}`,
    subscriptionUrl: `http://${subscription.listeners.http}`,
    analyticsUrl: `http://${analytics.listeners.http}`,
    securityMonitor: monitor.process,
  }
}

async function openAuth(parts: PlatformParts, folder: string): Promise<AuthProcess> {
  const { DATABASE_URL, AUTH_MASTER_KEY, AUTH_MASTER_KEY_FILE } = parts.environment
  const needsKey = DATABASE_URL && !AUTH_MASTER_KEY && !AUTH_MASTER_KEY_FILE
  const key = needsKey ? { AUTH_MASTER_KEY: randomBytes(32).toString('base64') } : {}
  const environment = { ...parts.environment, ...key }
  const auth = await startAuthProcess({ folder, environment, readyTimeoutMs: readyMs })
  keep(parts, auth.process)
  await auth.awaitReady()
  return auth
}

/** An example that serves. */
interface OpenExample {
  readonly process: ServiceProcess
  /** Of its ready line, by name. */
  readonly listeners: Readonly<Record<string, string>>
}

/** Starts an example and waits for its ready line. */
async function openExample(
  parts: PlatformParts,
  folder: string,
  name: string,
  environment: NodeJS.ProcessEnv,
): Promise<OpenExample> {
  const script = fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url))
  const process = startProcess({ name, script, environment, folder })
  keep(parts, process)
  const { input } = await process.awaitLine(new RegExp(`^${name} ready`), readyMs)
  const listeners = [...input.matchAll(/(\w+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value])
  return { process, listeners: Object.fromEntries(listeners) }
}

function keep({ processes, stack, signal }: PlatformParts, process: ServiceProcess): void {
  processes.push(process)
  stack.use(process)
  const stop = () => void process.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
}
