import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { surviveConnectionErrors } from './survive-connection-errors.ts'

/** How to reach the brokers. */
export interface KafkaConnection {
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: readonly string[]
  /** Given: TLS with these options, which are read for each connection anew. */
  readonly tls?: TlsOptions
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
    readonly username: string
    /** A function is asked for each connection anew. */
    readonly password: string | (() => string)
  }
}

/** The options that every client of the library gets. */
export function toClientOptions(connection: KafkaConnection) {
  return {
    clientId: 'auth-service',
    bootstrapBrokers: [...connection.brokers],
    ...(connection.tls ? { tls: connection.tls } : {}),
    ...(connection.sasl ? { sasl: { ...connection.sasl } } : {}),
    ...surviveConnectionErrors(),
    connectTimeout: 3000,
    requestTimeout: 15_000,
    // For the acknowledgement of all in-sync replicas.
    timeout: 10_000,
    // The relay itself tries again for ever, with another producer. Here only what a change of leaders needs: these retries
    // make no duplicates.
    retries: 5,
    retryDelay: 200,
  }
}
