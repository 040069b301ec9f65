import type { Database } from '../store/database.ts'
import { getOutboxBacklog } from '../store/outbox-backlog.ts'
import type { Finding } from './finding.ts'
import { toDuration } from './to-duration.ts'

const check = 'outbox'
const countAtMost = 100_000
/** In health an event waits for some milliseconds. */
const lateMs = 10_000

/** Looks whether committed events get published. */
export async function checkOutbox({ kysely }: Database): Promise<Finding[]> {
  const { count, oldestMs } = await getOutboxBacklog(kysely, countAtMost)
  const what = `${count}${count === countAtMost ? ' or more' : ''} events wait, the oldest for ${toDuration(oldestMs)}`
  if (oldestMs < lateMs) return [{ check, severity: 'ok', what: count === 0 ? 'no event waits' : what }]
  const remedy =
    'see the findings on the event relay, on Kafka and on topics; events are kept and go out in order'
  return [{ check, severity: 'error', what, remedy }]
}
