import { setTimeout as sleep } from 'node:timers/promises'
import { AuthService, PlatformAccountService, UserService } from '@immersiverse/auth-contract'
import type { Config } from '../config.ts'
import type { Deps } from '../deps.ts'
import { openAdmin, type ReadinessCheck } from '../edge/admin.ts'
import { makeRefusalNotes } from '../edge/make-refusal-notes.ts'
import type { Metrics } from '../edge/metrics.ts'
import { openEdge } from '../edge/open-edge.ts'
import type { DenialQueue } from '../events/denial-queue.ts'
import { makeAuthService } from '../rpc/auth-service.ts'
import { findDenial } from '../rpc/find-denial.ts'
import { openGrpc, type WatchEvents } from '../rpc/open-grpc.ts'
import { makePlatformAccountService } from '../rpc/platform-account-service.ts'
import { type FinishedCall, logRefusal } from '../rpc/refusals.ts'
import type { WatchRevocations } from '../rpc/revocation-streams.ts'
import { makeUserService } from '../rpc/user-service.ts'
import { makeTrustedProxies } from '../security/trusted-proxies.ts'
import type { Database } from '../store/database.ts'
import { isMigrated } from '../store/migrate.ts'
import type { Callers } from './open-callers.ts'
import { toTransportLimits } from './to-transport-limits.ts'

/** The three listeners. */
export interface Listeners {
  readonly grpcPort: number
  readonly edgePort: number
  readonly adminPort: number
  /**
   * Not ready first; after `delayMs`, in which whoever balances load learns of it, gRPC and edge drain for at most `drainMs`; then the admin
   * listener goes.
   */
  close(drainMs: number, delayMs: number): Promise<void>
}

/** What they serve. */
export interface ListenersParts {
  readonly deps: Deps
  readonly metrics: Metrics
  readonly denials: Pick<DenialQueue, 'add'>
  readonly watchEvents: WatchEvents
  readonly watchRevocations: WatchRevocations
  readonly callers: Callers
}

type RefusedCall = Pick<FinishedCall, 'caller' | 'method'> & Pick<Required<FinishedCall>, 'error'>

/** Opens gRPC, edge and admin. Rejects with one line where an address cannot be had; what was open is closed again. */
export async function openListeners(config: Config, parts: ListenersParts): Promise<Listeners> {
  const { callers, denials, deps, metrics, watchEvents, watchRevocations } = parts
  const { log } = deps
  const proxies = makeTrustedProxies(config.AUTH_TRUSTED_PROXIES)
  const onCallRefused = makeOnCallRefused(denials)
  const limits = toTransportLimits(config)
  const refusals = makeRefusalNotes(log, metrics, deps.clock)
  await using opened = new AsyncDisposableStack()
  const admin = await openAdmin({
    listen: config.AUTH_ADMIN_LISTEN,
    readiness: () => checkReadiness(deps.database),
    registry: metrics.registry,
    logger: log,
    limits: limits.admin,
    onRefused: (refusal, address) => refusals.note('admin', refusal, address),
  })
  opened.defer(() => admin.close(0))
  const grpc = await openGrpc({
    deps,
    watchEvents,
    watchRevocations,
    listen: config.AUTH_GRPC_LISTEN,
    gate: callers.gate,
    credentials: callers.credentials,
    forwarding: { proxies, callers: new Set(config.AUTH_FORWARDING_CALLERS) },
    limits: limits.grpc,
    onRefused: (refusal, address) => refusals.note('grpc', refusal, address),
    onFinished: (call) => {
      metrics.observeCall('grpc', call, deps.clock.monotonicMs() - call.startMs)
      logRefusal(log, call)
      const { error } = call
      if (error) onCallRefused({ ...call, error })
    },
  })
  opened.defer(() => grpc.close(0))
  metrics.watch('auth_grpc_connections', () => grpc.status().connections)
  metrics.watch('auth_grpc_calls', () => grpc.status().calls)
  const edge = await openEdge({
    deps,
    services: [
      [AuthService, makeAuthService(deps)],
      [UserService, makeUserService(deps)],
      [PlatformAccountService, makePlatformAccountService(deps)],
    ],
    listen: config.AUTH_EDGE_LISTEN,
    logger: log,
    metrics,
    proxies,
    onCallRefused,
    limits: limits.edge,
    origins: config.AUTH_EDGE_ORIGINS,
    onRefused: (refusal, address) => refusals.note('edge', refusal, address),
  })
  metrics.watch('auth_edge_connections', edge.connections)
  opened.move()
  const close = async (drainMs: number, delayMs: number) => {
    admin.beginShutdown()
    grpc.beginShutdown()
    // Real time, whatever clock the service runs by: it is that of its neighbours.
    if (delayMs > 0) await sleep(delayMs)
    await Promise.all([grpc.close(drainMs), edge.close(drainMs)])
    await admin.close(0)
  }
  return { grpcPort: grpc.port, edgePort: edge.port, adminPort: admin.port, close }
}

/** Calls that were not allowed stand in the audit trail. */
function makeOnCallRefused(denials: ListenersParts['denials']): (call: RefusedCall) => void {
  return ({ caller, error, method }) => {
    const denial = findDenial(method, error)
    if (denial) denials.add(caller, denial)
  }
}

/** Ready = the database answers and has this version's schema; the keys are loaded before anything listens. A broker is not asked. */
async function checkReadiness(database: Database): Promise<ReadinessCheck[]> {
  const keys = { name: 'keys', ok: true }
  try {
    const migrated = await isMigrated(database)
    const schema = migrated
      ? { name: 'schema', ok: true }
      : { name: 'schema', ok: false, detail: 'migrations are missing' }
    return [{ name: 'database', ok: true }, schema, keys]
  } catch {
    return [{ name: 'database', ok: false, detail: 'no answer' }, { name: 'schema', ok: false }, keys]
  }
}
