import type { LeaderSession } from '../store/database.ts'
import { listUnpublished, markPublished, type NumberedEvent } from '../store/outbox.ts'
import {
  findDueKey,
  listParkedKeys,
  listWaitingOfKey,
  markEventsPublished,
  type ParkTimes,
  parkKey,
  unparkKey,
} from '../store/parked-keys.ts'
import { lookEveryMs, type RunningTerm } from './lead.ts'
import { publishAcceptable, type Refusals } from './publish-acceptable.ts'
import type { UserStatesStatus } from './publish-user-states.ts'
import { retryForEver } from './retry-for-ever.ts'
import type { EventSink } from './sink.ts'

/** How the relay of this process does, for metrics. */
export interface RelayStatus extends UserStatesStatus {
  /** Events that wait for being published, counted every two seconds, no further than 100,000. Parked ones are not always among them. */
  pending?: number
  /** The number up to which this term has come. */
  publishedUpTo?: number
  /** Keys whose events wait because the broker refuses one of them for good. */
  parkedKeys?: number
  lastPublishedAt?: Date
}

/** What publishing in one term is made of. */
export interface EventPublishing {
  readonly session: LeaderSession
  readonly term: RunningTerm<RelayStatus>
  readonly sink: EventSink
  readonly parkTimes: ParkTimes
  readonly stop: AbortSignal
}

/**
 * Publishes in the order of numbers, and first what an earlier leader numbered and did not mark. Marks after the acks. An event that is
 * refused for good parks its key: the key's later events wait, all others go on (protocols.md §1.4). Runs until `stop`.
 */
export async function publishEvents(publishing: EventPublishing): Promise<void> {
  const { session, sink, stop, term } = publishing
  const { kysely } = session
  const { clock, closing, status } = term
  const halt = AbortSignal.any([stop, closing])
  await retryForEver(() => sink.prepare(stop), 'the event sink is not ready', term, stop)
  const parked = new Set((await listParkedKeys(kysely)).map(({ key }) => key))
  let publishedUpTo = 0
  while (!halt.aborted) {
    status.parkedKeys = parked.size
    const due = parked.size > 0 ? await findDueKey(kysely, publishedUpTo) : undefined
    if (due !== undefined && !(await retryKey(publishing, parked, due, publishedUpTo))) break
    const events = await listUnpublished(kysely, publishedUpTo, term.batchSize ?? 500)
    const last = events.at(-1)
    if (!last) {
      if (due === undefined) await term.numbered.wait(lookEveryMs, halt)
      continue
    }
    const acceptable = events.filter(({ key }) => !parked.has(key))
    if (!(await publishAndMark(publishing, parked, acceptable, events.length))) break
    publishedUpTo = last.pubSeq
    status.publishedUpTo = publishedUpTo
    status.lastPublishedAt = clock.now()
  }
}

/** Publishes events and marks them, parks the keys of those that are refused. Returns false where it was told to stop. */
async function publishAndMark(
  { parkTimes, session: { kysely }, sink, stop, term }: EventPublishing,
  parked: Set<string>,
  events: readonly NumberedEvent[],
  listedCount: number,
): Promise<boolean> {
  if (events.length === 0) return true
  const refusals: Refusals = new Map()
  const published = await publishAcceptable(events, refusals, (some) =>
    retryForEver(() => sink.publish(some, stop), 'events cannot be published', term, stop),
  )
  if (published === undefined) return false
  const [first, last] = [published.at(0), published.at(-1)]
  if (first && last && published.length === listedCount) {
    await markPublished(kysely, first.pubSeq, last.pubSeq)
  } else if (first) {
    await markEventsPublished(
      kysely,
      published.map(({ pubSeq }) => pubSeq),
    )
  }
  for (const [key, { event, reason }] of refusals) {
    await parkKey(kysely, term.leadership, { key, pubSeq: event.pubSeq, reason }, parkTimes)
    parked.add(key)
    const facts = { key, event: event.event, eventId: event.id, reason, bytes: event.data.byteLength }
    term.log.error(facts, 'the broker refuses an event for good: its key is parked, others go on')
  }
  return true
}

/** Tries a parked key again with what waits of it up to where the lane has got. Returns false where it was told to stop. */
async function retryKey(
  publishing: EventPublishing,
  parked: Set<string>,
  key: string,
  upTo: number,
): Promise<boolean> {
  const { session, term } = publishing
  const limit = term.batchSize ?? 500
  const events = await listWaitingOfKey(session.kysely, key, upTo, limit)
  parked.delete(key)
  if (!(await publishAndMark(publishing, parked, events, -1))) return false
  if (parked.has(key)) return true
  if (events.length === limit) {
    // The rest of them comes next: the key is still due.
    parked.add(key)
    return true
  }
  await unparkKey(session.kysely, key)
  term.log.info({ key, count: events.length }, 'a parked key goes on')
  return true
}
