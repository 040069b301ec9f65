import type { LeaderSession } from '../store/database.ts'
import { lanes, notifyNumberedRevocations } from '../store/lanes.ts'
import { numberRows } from '../store/number-rows.ts'
import { deleteExpiredRevocations } from '../store/revocations.ts'
import { type LaneOptions, type LaneRunner, openLane } from './lane-runner.ts'
import type { RunningTerm } from './lead.ts'
import { makeNotifier } from './notifier.ts'
import { publishRevocations, type RevocationLaneStatus } from './publish-revocations.ts'
import type { RevocationSink } from './revocation-sink.ts'

/** What {@link openRevocationLane} needs. */
export interface RevocationLaneOptions extends LaneOptions {
  /** Where revocations go beside the database, from which WatchRevocations reads them. */
  readonly sink?: RevocationSink
  /** How often expired entries are deleted. */
  readonly deleteEveryMs?: number
}

const deleteAtOnce = 1000
/** Many revocations at once are one notification. */
const tellDebounceMs = 2

/** Takes revocations from their commit to readers. */
export type RevocationLane = LaneRunner<RevocationLaneStatus>

/**
 * Numbers committed revocations at once, publishes them where there is a sink, and deletes expired ones, as long as this process is the
 * leader, and waits for becoming it otherwise. It never throws: what goes wrong is logged and tried again.
 */
export function openRevocationLane(options: RevocationLaneOptions): RevocationLane {
  const { deleteEveryMs = 10_000, sink } = options
  const onNumbered = tellOfRevocations(options)
  return openLane<RevocationLaneStatus>(
    { ...options, onNumbered },
    {
      lane: lanes.revocations,
      number: (kysely, ...which) => numberRows(kysely, lanes.revocations, ...which),
      // Latency is what counts here; what comes while a statement runs shares the next one anyway.
      debounceMs: 0,
      work: async (session, term, stop) => {
        const deleting = deleteExpired(session, term, deleteEveryMs, stop)
        await Promise.all([deleting, sink && publishRevocations(session, term, sink, stop)])
      },
    },
  )
}

/** Tells those who follow revocations that some have got their numbers, here and in other processes. */
function tellOfRevocations({ database, clock, onNumbered }: RevocationLaneOptions): () => void {
  const send = () => notifyNumberedRevocations(database.kysely)
  const others = database.openListener && makeNotifier(clock, { send, debounceMs: tellDebounceMs })
  return () => {
    onNumbered?.()
    others?.notify()
  }
}

/** In small statements with pauses, so that numbers are given in between. */
async function deleteExpired(
  { kysely }: LeaderSession,
  { clock, closing }: RunningTerm,
  everyMs: number,
  stop: AbortSignal,
): Promise<void> {
  const halt = AbortSignal.any([stop, closing])
  while (!halt.aborted) {
    const count = await deleteExpiredRevocations(kysely, deleteAtOnce)
    await clock.sleep(count === deleteAtOnce ? 10 : everyMs, halt)
  }
}
