import type { LeaderSession } from '../store/database.ts'
import { raiseEpoch } from '../store/epoch.ts'
import { getLastNumber } from '../store/lane-marks.ts'
import type { RunningTerm } from './lead.ts'
import type { UserStatesStatus } from './publish-user-states.ts'
import { retryForEver } from './retry-for-ever.ts'
import type { LogReach, UserStateSink } from './user-state-sink.ts'

/**
 * Whether the log's epoch may be gone on with, to be asked before a term publishes anything. Where the log's last heartbeat speaks of a number or of
 * a term that the database does not know, the database has lost commits: the epoch is raised, which ends the term (protocols.md §1.10). False
 * where it was told to stop.
 * @throws TermLostError when the epoch was raised, or when another process has taken over.
 */
export async function isEpochOfLog({
  session: { kysely },
  sink,
  stop,
  term,
}: {
  readonly session: LeaderSession
  readonly sink: UserStateSink
  readonly stop: AbortSignal
  readonly term: RunningTerm<UserStatesStatus>
}): Promise<boolean> {
  const { lane, leadership, log } = term
  let reach: LogReach | undefined
  const look = async () => {
    reach = await sink.findLastHeartbeat(stop)
  }
  // The status tells of publishing.
  const ownTerm = { ...term, status: { leader: true } }
  if (!(await retryForEver(look, 'the end of the log cannot be read', ownTerm, stop))) return false
  const hi = await getLastNumber(kysely, lane, leadership)
  if (reach?.epoch !== leadership.epoch || (reach.term < leadership.term && reach.hi <= hi)) return true
  const epoch = await kysely
    .transaction()
    .execute((trx) => raiseEpoch(trx, lane, leadership.term, term.installation))
  const facts = { log: reach, database: { hi, term: leadership.term }, epoch }
  log.error(
    facts,
    'the database has lost commits that were published: a new epoch begins, all tokens are revoked',
  )
  await getLastNumber(kysely, lane, leadership)
  return false
}
