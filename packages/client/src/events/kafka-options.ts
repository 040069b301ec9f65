import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from '@platformatic/kafka'
import { surviveConnectionErrors } from './survive-connection-errors.ts'

/** How Kafka is reached. */
export interface KafkaOptions {
  /** `host:port` of one or more brokers. */
  readonly brokers: readonly string[]
  /** Default: plaintext. */
  readonly tls?: ConnectionOptions
  readonly sasl?: SASLOptions
  /** The auth service's `AUTH_TOPIC_PREFIX`; default `auth`. */
  readonly topicPrefix?: string
  readonly clientId?: string
}

/** The options that every client of Kafka shares; the group names those that have no name. */
export function toClientOptions(kafka: KafkaOptions, group: string) {
  return {
    clientId: kafka.clientId ?? group,
    bootstrapBrokers: [...kafka.brokers],
    ...(kafka.tls === undefined ? {} : { tls: kafka.tls }),
    ...(kafka.sasl === undefined ? {} : { sasl: kafka.sasl }),
    ...surviveConnectionErrors(),
  }
}
