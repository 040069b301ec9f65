import type { Clock } from '../domain/clock.ts'
import type { Database } from '../store/database.ts'
import { getLogEnd } from '../store/event-log.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import { type EventSearch, findLastEvents, searchEventLog } from '../store/search-event-log.ts'

/** How {@link tailEvents} reads. */
export interface TailOptions extends EventSearch {
  /** How many of the last come first. */
  readonly count: number
  /** Go on with what comes, until the signal aborts. */
  readonly follow: boolean
}

const lookEveryMs = 250
const pageSize = 500

/** The last events in the database's log that match, in their order, and with `follow` those that come. */
export async function* tailEvents(
  { kysely }: Pick<Database, 'kysely'>,
  { count, follow, ...search }: TailOptions,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<NumberedEvent, void, undefined> {
  // The end first: what gets its number while the last are read comes again below it, not above.
  let { pubSeq: after } = await getLogEnd(kysely)
  const upTo = after
  for (const event of await findLastEvents(kysely, search, count)) if (event.pubSeq <= upTo) yield event
  while (follow && !signal.aborted) {
    const events = await searchEventLog(kysely, search, { after, limit: pageSize })
    yield* events
    after = events.at(-1)?.pubSeq ?? after
    if (events.length < pageSize) await clock.sleep(lookEveryMs, signal)
  }
}
