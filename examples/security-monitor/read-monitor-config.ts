import type { KafkaOptions } from '@immersiverse/auth-client'
import type { BurstRules } from './make-burst-detector.ts'

/** The settings of the monitor. */
export interface MonitorConfig {
  /** `AUTH_ADDRESS`: the authentication service's gRPC listener. */
  readonly authAddress: string
  /** `KAFKA_BROKERS` and `AUTH_TOPIC_PREFIX`; without brokers events come over WatchEvents. */
  readonly kafka: KafkaOptions | undefined
  /** `MONITOR_DATA_DIR`: where the position of WatchEvents is kept. */
  readonly dataFolder: string
  /** `MONITOR_FAILURES` within `MONITOR_WINDOW_SECONDS`. */
  readonly rules: BurstRules
}

/** Reads the settings from the environment. Throws TypeError naming the variable that does not hold. */
export function readMonitorConfig(environment: NodeJS.ProcessEnv): MonitorConfig {
  const readCount = (name: string, byDefault: number): number => {
    const text = environment[name] || String(byDefault)
    if (!/^[1-9]\d{0,5}$/.test(text)) throw new TypeError(`${name} must be a number from 1 to 999999`)
    return Number(text)
  }
  return {
    authAddress: environment.AUTH_ADDRESS || '127.0.0.1:50051',
    kafka: readKafka(environment),
    dataFolder: environment.MONITOR_DATA_DIR || './data/security-monitor',
    rules: {
      failures: readCount('MONITOR_FAILURES', 10),
      windowMs: readCount('MONITOR_WINDOW_SECONDS', 60) * 1000,
    },
  }
}

function readKafka({ KAFKA_BROKERS, AUTH_TOPIC_PREFIX }: NodeJS.ProcessEnv): KafkaOptions | undefined {
  if (!KAFKA_BROKERS) return undefined
  const brokers = KAFKA_BROKERS.split(',').map((broker) => broker.trim())
  return { brokers, ...(AUTH_TOPIC_PREFIX ? { topicPrefix: AUTH_TOPIC_PREFIX } : {}) }
}
