import { openKafka } from './open-kafka.ts'
import { type PartMissing, toPartMissing } from './part-missing.ts'

/** The Kafka that a test run shares: `host:port`, comma-separated when several. */
export interface SharedKafka {
  readonly brokers: string
}

let shared: Promise<SharedKafka | PartMissing> | undefined

/**
 * The Kafka of TEST_KAFKA_BROKERS; where there is none, one that this process starts once and that goes with it.
 * TEST_KAFKA_SKIP_REASON says that it is known to be missing.
 */
export function sharedKafka(environment = process.env): Promise<SharedKafka | PartMissing> {
  const { TEST_KAFKA_BROKERS: brokers, TEST_KAFKA_SKIP_REASON: skipReason } = environment
  if (brokers !== undefined && brokers !== '') return Promise.resolve({ brokers })
  if (skipReason !== undefined && skipReason !== '') return Promise.resolve({ skipReason })
  shared ??= openKafka().catch((error) => toPartMissing('Kafka', error))
  return shared
}
