import { z } from 'zod'
import { duration, origins, rate, units } from './formats.ts'

const count = (most: number) => z.coerce.number().int().min(1).max(most)

/** What the listeners take of their peers, and how they stop. */
export const transportVariables = {
  AUTH_GRPC_MAX_CONNECTIONS: count(100_000).default(2_000),
  AUTH_GRPC_MAX_CONNECTIONS_PER_ADDRESS: count(100_000).default(200),
  // What one address may have at a time can come back at once after a restart.
  AUTH_GRPC_CONNECTION_RATE: z.string().default('300/10s').pipe(rate),
  AUTH_GRPC_MAX_STREAMS: count(10_000).default(256),
  AUTH_GRPC_MAX_CALLS: count(100_000).default(2_000),
  AUTH_GRPC_MAX_METADATA: z.coerce.number().int().min(4_096).max(65_535).default(16_384),
  AUTH_GRPC_HANDSHAKE_TIMEOUT: duration.default(5 * units.s),
  AUTH_GRPC_CONNECTION_IDLE: duration.default(5 * units.m),
  AUTH_GRPC_CONNECTION_AGE: duration.default(30 * units.m),
  AUTH_GRPC_CONNECTION_AGE_GRACE: duration.default(30 * units.s),
  AUTH_GRPC_KEEPALIVE: duration.default(30 * units.s),
  AUTH_GRPC_KEEPALIVE_TIMEOUT: duration.default(10 * units.s),
  AUTH_GRPC_DEADLINE: duration.default(30 * units.s),
  AUTH_GRPC_DEADLINE_MAX: duration.default(60 * units.s),
  AUTH_EDGE_MAX_CONNECTIONS: count(100_000).default(4_000),
  AUTH_EDGE_MAX_CONNECTIONS_PER_ADDRESS: count(100_000).default(500),
  // Schools and offices share an address.
  AUTH_EDGE_CONNECTION_RATE: z.string().default('1000/10s').pipe(rate),
  AUTH_EDGE_REQUEST_TIMEOUT: duration.default(15 * units.s),
  AUTH_EDGE_KEEP_ALIVE: duration.default(65 * units.s),
  AUTH_EDGE_ORIGINS: origins.default([]),
  AUTH_SHUTDOWN_DELAY: duration.default(0),
  AUTH_SHUTDOWN_TIMEOUT: duration.default(10 * units.s),
}

type TransportSettings = z.infer<z.ZodObject<typeof transportVariables>>

/** What the limits may not say together, one line each. */
export function findTransportConflicts(settings: TransportSettings): string[] {
  const faults: string[] = []
  if (settings.AUTH_GRPC_DEADLINE > settings.AUTH_GRPC_DEADLINE_MAX) {
    faults.push('AUTH_GRPC_DEADLINE: must not be above AUTH_GRPC_DEADLINE_MAX')
  }
  for (const name of timers) {
    if (settings[name] < 1) faults.push(`${name}: must be 1ms or more`)
    // Node's timers end at 2^31 ms, and would begin anew at once.
    else if (settings[name] > 20 * units.d) faults.push(`${name}: must be 20d at most`)
  }
  return faults
}

const timers = [
  'AUTH_GRPC_HANDSHAKE_TIMEOUT',
  'AUTH_GRPC_CONNECTION_IDLE',
  'AUTH_GRPC_CONNECTION_AGE',
  'AUTH_GRPC_CONNECTION_AGE_GRACE',
  'AUTH_GRPC_KEEPALIVE',
  'AUTH_GRPC_KEEPALIVE_TIMEOUT',
  'AUTH_GRPC_DEADLINE',
  'AUTH_GRPC_DEADLINE_MAX',
  'AUTH_EDGE_REQUEST_TIMEOUT',
  'AUTH_EDGE_KEEP_ALIVE',
  'AUTH_SHUTDOWN_TIMEOUT',
] as const
