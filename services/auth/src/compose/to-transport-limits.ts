import { bounds } from '@immersiverse/auth-contract'
import type { Config } from '../config.ts'
import type { GrpcLimits, HttpLimits } from '../rpc/limits/transport-limits.ts'

/** The limits of the three listeners, as configuration has them. */
export function toTransportLimits(config: Config): { grpc: GrpcLimits; edge: HttpLimits; admin: HttpLimits } {
  const http = {
    // An access token in its header, and room beside it.
    maxHeaderBytes: 2 * bounds.accessTokenBytes,
    headersTimeoutMs: Math.min(10_000, config.AUTH_EDGE_REQUEST_TIMEOUT),
    requestTimeoutMs: config.AUTH_EDGE_REQUEST_TIMEOUT,
    keepAliveMs: config.AUTH_EDGE_KEEP_ALIVE,
    maxRequestsPerConnection: 10_000,
  }
  return {
    grpc: {
      maxConnections: config.AUTH_GRPC_MAX_CONNECTIONS,
      maxConnectionsPerAddress: config.AUTH_GRPC_MAX_CONNECTIONS_PER_ADDRESS,
      connectionRate: config.AUTH_GRPC_CONNECTION_RATE,
      maxStreams: config.AUTH_GRPC_MAX_STREAMS,
      maxCalls: config.AUTH_GRPC_MAX_CALLS,
      maxHeaderBytes: config.AUTH_GRPC_MAX_METADATA,
      handshakeTimeoutMs: config.AUTH_GRPC_HANDSHAKE_TIMEOUT,
      idleMs: config.AUTH_GRPC_CONNECTION_IDLE,
      maxAgeMs: config.AUTH_GRPC_CONNECTION_AGE,
      maxAgeGraceMs: config.AUTH_GRPC_CONNECTION_AGE_GRACE,
      keepaliveMs: config.AUTH_GRPC_KEEPALIVE,
      keepaliveTimeoutMs: config.AUTH_GRPC_KEEPALIVE_TIMEOUT,
      defaultDeadlineMs: config.AUTH_GRPC_DEADLINE,
      maxDeadlineMs: config.AUTH_GRPC_DEADLINE_MAX,
    },
    edge: {
      ...http,
      maxConnections: config.AUTH_EDGE_MAX_CONNECTIONS,
      maxConnectionsPerAddress: config.AUTH_EDGE_MAX_CONNECTIONS_PER_ADDRESS,
      connectionRate: config.AUTH_EDGE_CONNECTION_RATE,
    },
    // Probes, Prometheus and a few people.
    admin: { ...http, maxConnections: 100, maxConnectionsPerAddress: 100, connectionRate: undefined },
  }
}
