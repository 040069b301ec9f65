import { Admin } from '@platformatic/kafka'
import { type KafkaConnection, toClientOptions } from '../events/kafka-connection.ts'
import { checkGroups } from './check-groups.ts'
import { checkHeartbeats } from './check-heartbeats.ts'
import { checkTopics } from './check-topics.ts'
import { checkWriters } from './check-writers.ts'
import type { Finding } from './finding.ts'
import type { KafkaContext } from './kafka-context.ts'
import { toCause } from './to-cause.ts'

const check = 'kafka'
const checks = Object.freeze({
  topics: checkTopics,
  heartbeats: checkHeartbeats,
  writers: checkWriters,
  'consumer groups': checkGroups,
})

/** Looks whether the brokers answer, and at all that stands on them. */
export async function checkKafka(
  connection: KafkaConnection,
  facts: Omit<KafkaContext, 'admin' | 'brokers'>,
): Promise<Finding[]> {
  const admin = new Admin({ ...toClientOptions(connection), retries: 1 })
  const { brokers } = connection
  try {
    const metadata = await admin.metadata({ topics: [] })
    const what = `${metadata.brokers.size} broker${metadata.brokers.size === 1 ? '' : 's'} at ${brokers.join(', ')}`
    const findings: Finding[] = [{ check, severity: 'ok', what }]
    for (const [name, look] of Object.entries(checks)) {
      const found = look({ ...facts, admin, brokers })
      findings.push(...(await found.catch((error) => [toUnfinished(name, error)])))
    }
    return findings
  } catch (error) {
    const what = `${brokers.join(', ')} does not answer: ${toCause(error)}`
    const remedy = 'start the brokers, or correct KAFKA_BROKERS; events wait in the database meanwhile'
    return [{ check, severity: 'error', what, remedy }]
  } finally {
    await admin.close().catch(() => undefined)
  }
}

function toUnfinished(name: string, error: unknown): Finding {
  const remedy = 'try again; where it stays, see what the brokers allow this client'
  return { check: name, severity: 'warning', what: `cannot be read: ${toCause(error)}`, remedy }
}
