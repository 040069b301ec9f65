import type { Auth, AuthStatus } from '../connect-auth.ts'
import type { LiveCalls } from '../live/live-calls.ts'
import type { LocalVerification } from '../open-local-verification.ts'
import type { OpenedUsers } from '../open-users.ts'
import { registerMetrics } from './register-metrics.ts'
import { toMetrics } from './to-metrics.ts'
import { toMetricsText } from './to-metrics-text.ts'

/** Makes what says how a connection does. */
export function makeReports(
  local: LocalVerification | undefined,
  calls: LiveCalls,
  cache: OpenedUsers | undefined,
): Pick<Auth, 'status' | 'metrics' | 'registerMetrics'> {
  const status = (): AuthStatus => ({
    ...(local?.status() ?? { verification: 'remote' }),
    calls: calls.status(),
    ...(cache && { users: cache.users.status() }),
  })
  const read = () => toMetrics(status())
  return {
    status,
    metrics: () => toMetricsText(read()),
    registerMetrics: (registry) => registerMetrics(registry, read),
  }
}
