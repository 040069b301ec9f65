import { toTopic } from '@immersiverse/auth-contract'
import type { Database } from '../store/database.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import { listPublished } from './list-published.ts'
import type { ReconcileOptions, Reconciliation } from './reconcile-events.ts'
import type { EventSink } from './sink.ts'

const batchSize = 500

/**
 * Publishes what is missing, and of each of its keys everything behind it, in the order of numbers; returns how many. A reader that has
 * handled a later event of a user takes the earlier one for a repetition; one that begins anew gets all.
 */
export async function repairTopics(
  { kysely }: Pick<Database, 'kysely'>,
  sink: EventSink,
  { missing }: Pick<Reconciliation, 'missing'>,
  { since, topicPrefix }: Pick<ReconcileOptions, 'since' | 'topicPrefix'>,
  signal: AbortSignal,
): Promise<number> {
  const ids = new Set(missing.map(({ id }) => id))
  const begun = new Set<string>()
  let count = 0
  let batch: NumberedEvent[] = []
  const flush = async () => {
    if (batch.length > 0) await sink.publish(batch, signal)
    count += batch.length
    batch = []
  }
  await sink.prepare(signal)
  for await (const event of listPublished(kysely, { since })) {
    const place = `${toTopic(event.event, topicPrefix)} ${event.key}`
    if (ids.has(event.id)) begun.add(place)
    if (begun.has(place)) batch.push(event)
    if (batch.length === batchSize) await flush()
  }
  await flush()
  return count
}
