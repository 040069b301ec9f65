import type { Config } from '../config.ts'
import type { KafkaConnection } from '../events/kafka-connection.ts'
import type { KafkaFiles } from './read-kafka-files.ts'

/** How to reach the configured brokers, each connection with the files as they are when it begins; undefined where no brokers are configured. */
export function toKafkaConnection(config: Config, getFiles: () => KafkaFiles): KafkaConnection | undefined {
  const { KAFKA_BROKERS: brokers } = config
  if (brokers === undefined) return undefined
  return { brokers, ...toTls(config, getFiles), ...toSasl(config, getFiles) }
}

function toTls(config: Config, getFiles: () => KafkaFiles): Pick<KafkaConnection, 'tls'> {
  if (config.KAFKA_TLS !== 'true') return {}
  return {
    // The client copies these for every connection that it opens: getters are read then.
    tls: {
      get ca() {
        return getFiles().KAFKA_TLS_CA
      },
      get cert() {
        return getFiles().KAFKA_TLS_CERT
      },
      get key() {
        return getFiles().KAFKA_TLS_KEY
      },
    },
  }
}

function toSasl(config: Config, getFiles: () => KafkaFiles): Pick<KafkaConnection, 'sasl'> {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = config
  if (mechanism === undefined || username === undefined) return {}
  const password = () => config.KAFKA_SASL_PASSWORD ?? getFiles().KAFKA_SASL_PASSWORD_FILE?.trim() ?? ''
  return { sasl: { mechanism, username, password } }
}
