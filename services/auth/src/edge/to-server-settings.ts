import type { HttpLimits } from '../rpc/limits/transport-limits.ts'

/** For a peer that reads or writes nothing while it has an answer to come. */
const silenceFactor = 2
/** How often Node looks for requests that are late; its own default, 30 s, would make all limits of time longer by that. */
const checkEveryMs = 1_000

/** The limits as fastify and Node take them. */
export function toServerSettings(limits: HttpLimits) {
  return {
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: silenceFactor * limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxRequestsPerSocket: limits.maxRequestsPerConnection,
    http: {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: checkEveryMs,
    },
  }
}
