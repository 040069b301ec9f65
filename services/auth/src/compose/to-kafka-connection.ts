import type { Config } from '../config.ts'
import type { KafkaConnection } from '../events/kafka-connection.ts'

/** How to reach the configured brokers; undefined where none are. */
export function toKafkaConnection(config: Config): KafkaConnection | undefined {
  const { KAFKA_BROKERS: brokers } = config
  if (brokers === undefined) return undefined
  return { brokers, ...toTls(config), ...toSasl(config) }
}

function toTls(config: Config): Pick<KafkaConnection, 'tls'> {
  if (config.KAFKA_TLS !== 'true') return {}
  const { KAFKA_TLS_CA: ca, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key } = config
  return { tls: { ...(ca ? { ca } : {}), ...(cert && key ? { cert, key } : {}) } }
}

function toSasl(config: Config): Pick<KafkaConnection, 'sasl'> {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = config
  const password = config.KAFKA_SASL_PASSWORD ?? config.KAFKA_SASL_PASSWORD_FILE
  if (mechanism === undefined || username === undefined || password === undefined) return {}
  return { sasl: { mechanism, username, password } }
}
