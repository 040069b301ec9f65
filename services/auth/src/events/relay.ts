import type { LeaderSession } from '../store/database.ts'
import { lanes } from '../store/lanes.ts'
import { countUnpublished, listUnpublished, markPublished } from '../store/outbox.ts'
import { type LaneOptions, type LaneRunner, openLane } from './lane-runner.ts'
import { lookEveryMs, type RunningTerm } from './lead.ts'
import { retryForEver, type SinkStatus } from './retry-for-ever.ts'
import type { EventSink } from './sink.ts'

/** What {@link openRelay} needs. */
export interface RelayOptions extends LaneOptions {
  readonly sink: EventSink
}

/** How the relay of this process does, for metrics. */
export interface RelayStatus extends SinkStatus {
  /** Events that wait for being published, counted every two seconds, no further than 100,000. */
  pending?: number
  lastPublishedAt?: Date
}

/** Takes committed events to the sink, as long as this process is the leader, and waits for becoming it otherwise. */
export type Relay = LaneRunner<RelayStatus>

const debounceMs = 5
const countAtMost = 100_000

/** Starts the relay. It never throws: what goes wrong is logged and tried again. */
export function openRelay(options: RelayOptions): Relay {
  return openLane<RelayStatus>(options, {
    lane: lanes.events,
    debounceMs,
    work: (session, term, stop) => publishNumbered(session, term, options.sink, stop),
    observe: async ({ kysely }, status) => {
      status.pending = await countUnpublished(kysely, countAtMost)
    },
  })
}

/** Publishes in the order of numbers, and first what an earlier leader numbered and did not mark. Marks after the acks. */
async function publishNumbered(
  { kysely }: LeaderSession,
  term: RunningTerm<RelayStatus>,
  sink: EventSink,
  stop: AbortSignal,
): Promise<void> {
  const { clock, closing, status } = term
  const halt = AbortSignal.any([stop, closing])
  let publishedUpTo = 0
  await retryForEver(() => sink.prepare(stop), 'the event sink is not ready', term, stop)
  while (!halt.aborted) {
    const events = await listUnpublished(kysely, publishedUpTo, term.batchSize ?? 500)
    const [first, last] = [events.at(0), events.at(-1)]
    if (!first || !last) {
      await term.numbered.wait(lookEveryMs, halt)
      continue
    }
    if (!(await retryForEver(() => sink.publish(events, stop), 'events cannot be published', term, stop)))
      break
    await markPublished(kysely, first.pubSeq, last.pubSeq)
    publishedUpTo = last.pubSeq
    status.lastPublishedAt = clock.now()
  }
}
