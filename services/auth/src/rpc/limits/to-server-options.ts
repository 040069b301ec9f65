import type { ServerOptions } from '@grpc/grpc-js'
import type { GrpcLimits } from './transport-limits.ts'

/** The limits that grpc-js itself keeps once it is told them. */
export function toServerOptions(limits: GrpcLimits): ServerOptions {
  return {
    'grpc.max_concurrent_streams': limits.maxStreams,
    'grpc.max_connection_idle_ms': limits.idleMs,
    'grpc.max_connection_age_ms': limits.maxAgeMs,
    'grpc.max_connection_age_grace_ms': limits.maxAgeGraceMs,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  }
}
