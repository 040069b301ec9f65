import type { Kysely } from 'kysely'
import type { LeaderSession } from '../store/database.ts'
import { lanes } from '../store/lanes.ts'
import { numberRows } from '../store/number-rows.ts'
import {
  getLastRevocationNumber,
  getPublishedUpTo,
  markRevocationsPublished,
} from '../store/published-revocations.ts'
import { getDatabaseTime, listRevocations } from '../store/revocations.ts'
import type { Schema } from '../store/schema.ts'
import type { RunningTerm } from './lead.ts'
import { retryForEver, type SinkStatus } from './retry-for-ever.ts'
import { beatEveryMs } from './revocation-follower.ts'
import type { RevocationSink } from './revocation-sink.ts'
import type { WatchedRevocation } from './watch-revocations.ts'

/** How the lane of revocations of this process does, for metrics. */
export interface RevocationLaneStatus extends SinkStatus {
  /** When the sink last had all that was revoked. */
  lastPublishedAt?: Date
}

type Term = RunningTerm<RevocationLaneStatus>
type Heartbeat = NonNullable<WatchedRevocation['heartbeat']>

/** Readers doubt what they know while nothing comes, so the broker is asked often whether it is back. */
const retryAtMostMs = 1000
const everything = Number.MAX_SAFE_INTEGER

/**
 * Takes numbered revocations to the sink in their order, and first what an earlier leader numbered and did not mark. Marks after the
 * acknowledgement. It never goes past what cannot be published: it tries again for ever. Heartbeats go the same way, each behind all
 * that it speaks of; entries never wait for one to be due. What an earlier epoch numbered is passed over: readers of this one have
 * it by their snapshot. Runs until `stop`; throws when the term is lost.
 */
export async function publishRevocations(
  { kysely }: LeaderSession,
  term: Term,
  sink: RevocationSink,
  stop: AbortSignal,
): Promise<void> {
  const { clock, closing, leadership, status } = term
  const halt = AbortSignal.any([stop, closing])
  const limit = term.batchSize ?? 500
  const publish = (records: readonly WatchedRevocation[]) =>
    retryForEver(
      () => sink.publish(records, stop),
      'revocations cannot be published',
      { ...term, status, retryAtMostMs },
      stop,
    )
  let upTo = await getPublishedUpTo(kysely)
  let beat: Heartbeat | undefined
  let beatDueMs = 0
  while (!halt.aborted) {
    const entries = await listRevocations(kysely, { after: upTo, upTo: everything, limit })
    const records = entries
      .filter(({ epoch }) => epoch === leadership.epoch)
      .map((revocation) => ({ revocation }))
    if (records.length > 0 && !(await publish(records))) break
    // Where there are no more, the numbers up to the heartbeat's have expired and were deleted.
    const isEnd = entries.length < limit
    const reached = Math.max(upTo, entries.at(-1)?.rseq ?? 0, isEnd && beat ? beat.rseqHi : 0)
    if (reached > upTo) await markRevocationsPublished(kysely, leadership, reached)
    upTo = reached
    if (beat && beat.rseqHi <= upTo) {
      if (!(await publish([{ heartbeat: beat }]))) break
      beat = undefined
      status.lastPublishedAt = clock.now()
    }
    // One that has not been sent stays: a newer one would wait for more, in a backlog again and again.
    if (beat === undefined && clock.monotonicMs() >= beatDueMs) {
      beatDueMs = clock.monotonicMs() + beatEveryMs
      beat = await readHeartbeat(kysely, term)
    } else if (isEnd && entries.length === 0) {
      await term.numbered.wait(beatDueMs - clock.monotonicMs(), halt)
    }
  }
}

/**
 * What can be said now: the clock in a transaction of its own; then, in one transaction that checks the term, everything that is
 * visible gets its number, and the highest is fixed (protocols.md §1.6). Whatever was acknowledged before `asOf` has one.
 */
async function readHeartbeat(kysely: Kysely<Schema>, term: Term): Promise<Heartbeat> {
  const { leadership, settled } = term
  const asOf = await getDatabaseTime(kysely)
  const { count, rseqHi } = await kysely.transaction().execute(async (trx) => {
    // One statement sees one snapshot: in rounds, it would run after those who revoke meanwhile.
    const { count } = await numberRows(trx, lanes.revocations, leadership, everything, settled.position)
    return { count, rseqHi: await getLastRevocationNumber(trx, leadership) }
  })
  if (count > 0) term.onNumbered?.()
  return { ...leadership, rseqHi, asOf, intervalMs: beatEveryMs }
}
