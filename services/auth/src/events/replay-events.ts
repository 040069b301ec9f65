import type { Database } from '../store/database.ts'
import { type EventSearch, searchEventLog } from '../store/search-event-log.ts'
import type { EventSink } from './sink.ts'

const pageSize = 500

/**
 * Publishes again what has been published before and matches, in the order of its numbers, with the bytes and headers of the first time;
 * returns how many. Readers tell the repetitions by their sequences and ids (O5). What was never published is left to the relay, whose
 * order this cannot know. Throws what the sink throws; beginning again is safe.
 */
export async function replayEvents(
  { kysely }: Pick<Database, 'kysely'>,
  sink: EventSink,
  search: EventSearch,
  signal: AbortSignal,
): Promise<number> {
  await sink.prepare(signal)
  let count = 0
  for (let after = 0; ; ) {
    const events = await searchEventLog(kysely, { ...search, published: true }, { after, limit: pageSize })
    const last = events.at(-1)
    if (last === undefined) return count
    await sink.publish(events, signal)
    count += events.length
    after = last.pubSeq
  }
}
