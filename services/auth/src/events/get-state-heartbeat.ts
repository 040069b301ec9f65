import type { Kysely } from 'kysely'
import { getLastNumber } from '../store/lane-marks.ts'
import { lanes } from '../store/lanes.ts'
import { findLastWaiting, type Numbering, numberRows } from '../store/number-rows.ts'
import { getDatabaseTime } from '../store/revocations.ts'
import type { Schema } from '../store/schema.ts'
import type { RunningTerm } from './lead.ts'
import { beatEveryMs } from './revocation-follower.ts'
import type { UserStateHeartbeat } from './user-state-sink.ts'

/** As many as get their numbers in a tenth of a second or two: one statement over a backlog of millions would outlast the term. */
const batchesAtOnce = 10

/**
 * What can be said now: the clock in a transaction of its own; then everything that was visible gets its number, and the highest is fixed, in
 * transactions that check the term (protocols.md §1.6). In a backlog these are several: rows are numbered by their positions, so all that were
 * acknowledged before the clock was read have theirs once a round has passed the last position that waited after it. What comes meanwhile
 * stands behind, so the rounds end however much that is.
 * @throws TermLostError when another process has taken over.
 */
export async function getStateHeartbeat(
  kysely: Kysely<Schema>,
  term: Pick<RunningTerm, 'batchSize' | 'lane' | 'leadership' | 'numbered' | 'onNumbered'> & {
    readonly settled: Pick<RunningTerm['settled'], 'position'>
  },
): Promise<UserStateHeartbeat> {
  const { batchSize = 500, leadership, settled } = term
  const limit = batchSize * batchesAtOnce
  const asOf = await getDatabaseTime(kysely)
  let lastWaiting: number | undefined
  for (;;) {
    const { count, hi, lastPosition = 0 } = await numberRound(kysely, term, limit)
    if (count === limit) lastWaiting ??= (await findLastWaiting(kysely, lanes.events, settled.position)) ?? 0
    if (count === limit && lastPosition < (lastWaiting ?? 0)) continue
    return { ...leadership, hi, asOf, intervalMs: beatEveryMs }
  }
}

async function numberRound(
  kysely: Kysely<Schema>,
  { lane, leadership, numbered, onNumbered, settled }: Parameters<typeof getStateHeartbeat>[1],
  limit: number,
): Promise<Numbering & { readonly hi: number }> {
  const round = await kysely.transaction().execute(async (trx) => ({
    ...(await numberRows(trx, lanes.events, leadership, limit, settled.position)),
    hi: await getLastNumber(trx, lane, leadership),
  }))
  if (round.count > 0) {
    numbered.wake()
    onNumbered?.()
  }
  return round
}
