import type { KafkaOptions } from '@immersiverse/auth-client'

/** The settings of the analytics service. */
export interface AnalyticsConfig {
  /** `AUTH_ADDRESS`: the authentication service's gRPC listener. */
  readonly authAddress: string
  /** `ANALYTICS_HTTP_LISTEN`; port 0 takes a free one. */
  readonly http: { readonly host: string; readonly port: number }
  /** `KAFKA_BROKERS` and `AUTH_TOPIC_PREFIX`; without brokers events come over WatchEvents. */
  readonly kafka: KafkaOptions | undefined
  /** `ANALYTICS_DATA_DIR`: where the counts are kept. */
  readonly dataFolder: string
}

/** Reads the settings from the environment. Throws TypeError naming the variable that does not hold. */
export function readAnalyticsConfig(environment: NodeJS.ProcessEnv): AnalyticsConfig {
  const listen = environment.ANALYTICS_HTTP_LISTEN || '127.0.0.1:3002'
  const [, host, port] = /^([^:\s]+):(\d{1,5})$/.exec(listen) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new TypeError('ANALYTICS_HTTP_LISTEN must be host:port')
  }
  return {
    authAddress: environment.AUTH_ADDRESS || '127.0.0.1:50051',
    http: { host, port: Number(port) },
    kafka: readKafka(environment),
    dataFolder: environment.ANALYTICS_DATA_DIR || './data/analytics-service',
  }
}

function readKafka({ KAFKA_BROKERS, AUTH_TOPIC_PREFIX }: NodeJS.ProcessEnv): KafkaOptions | undefined {
  if (!KAFKA_BROKERS) return undefined
  const brokers = KAFKA_BROKERS.split(',').map((broker) => broker.trim())
  return { brokers, ...(AUTH_TOPIC_PREFIX ? { topicPrefix: AUTH_TOPIC_PREFIX } : {}) }
}
