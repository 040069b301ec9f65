import type { TestContext } from 'node:test'
import { type SharedKafka, sharedKafka } from './shared-kafka.ts'

/**
 * The run's Kafka for the test `t`, shared with all others: name topics and groups uniquely. Where it cannot be had
 * the test is skipped with the reason and the answer is undefined: `if (kafka === undefined) return`.
 */
export async function requireTestKafka(t: TestContext): Promise<SharedKafka | undefined> {
  const kafka = await sharedKafka()
  if ('skipReason' in kafka) {
    t.skip(kafka.skipReason)
    return undefined
  }
  return kafka
}
