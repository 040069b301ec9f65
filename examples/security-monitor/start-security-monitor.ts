import { connectAuth, openPositionFile } from '@immersiverse/auth-client'
import type { MonitorConfig } from './read-monitor-config.ts'
import { type WatchParts, watchLogins } from './watch-logins.ts'

/** A running monitor. */
export interface SecurityMonitor extends AsyncDisposable {
  /** Handles the event at hand, then closes everything. */
  close(): Promise<void>
}

/** Starts the monitor, also while the authentication service is not there yet. */
export async function startSecurityMonitor(
  config: MonitorConfig,
  reports: Pick<WatchParts, 'raise' | 'onError'>,
): Promise<SecurityMonitor> {
  await using stack = new AsyncDisposableStack()
  const { authAddress: address, kafka, rules } = config
  const auth = stack.use(await connectAuth({ address, verification: 'remote', ...(kafka ? { kafka } : {}) }))
  const position = await openPositionFile(config.dataFolder)
  stack.use(watchLogins({ auth, position, rules, ...reports }))
  const started = stack.move()
  const close = () => started.disposeAsync()
  return { close, [Symbol.asyncDispose]: close }
}
