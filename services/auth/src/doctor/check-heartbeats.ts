import { toRevocationTopic } from '@immersiverse/auth-contract'
import type { Finding } from './finding.ts'
import type { KafkaContext } from './kafka-context.ts'
import { toDuration } from './to-duration.ts'

const check = 'heartbeats'
/** ListOffsets: the record with the highest timestamp. */
const newest = -3n
/** What readers take for fresh. */
const freshMs = 3000

/** Looks how old the newest record on the topic of revocations is: a heartbeat comes twice a second. */
export async function checkHeartbeats({ admin, clock, topicPrefix }: KafkaContext): Promise<Finding[]> {
  const name = toRevocationTopic(topicPrefix)
  if (!(await admin.listTopics({})).includes(name)) return []
  const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: newest }] }]
  const [listed] = await admin.listOffsets({ topics })
  const timestamp = listed?.partitions[0]?.timestamp ?? -1n
  const ageMs = clock.now().getTime() - Number(timestamp)
  const remedy =
    'see the finding on the revocation lane and the log of its leader; services ask ValidateToken meanwhile, so keep it up'
  if (timestamp < 0n) return [{ check, severity: 'error', what: `${name} holds no record`, remedy }]
  const what = `the newest is ${toDuration(Math.max(0, ageMs))} old`
  return ageMs <= freshMs ? [{ check, severity: 'ok', what }] : [{ check, severity: 'error', what, remedy }]
}
