import type { Kysely } from 'kysely'
import type { NumberedEvent } from '../store/outbox.ts'
import type { Schema } from '../store/schema.ts'
import { type EventSearch, searchEventLog } from '../store/search-event-log.ts'

const pageSize = 500

/** The events that match and that the broker has acknowledged, in the order of their numbers, read page by page. */
export async function* listPublished(
  kysely: Kysely<Schema>,
  search: EventSearch,
): AsyncGenerator<NumberedEvent, void, undefined> {
  for (let after = 0; ; ) {
    const events = await searchEventLog(kysely, { ...search, published: true }, { after, limit: pageSize })
    yield* events
    const last = events.at(-1)
    if (last === undefined) return
    after = last.pubSeq
  }
}
