import type { LeaderSession } from '../store/database.ts'
import { raiseEpoch } from '../store/epoch.ts'
import { getLastNumber } from '../store/lane-marks.ts'
import type { RunningTerm } from './lead.ts'
import type { UserStatesStatus } from './publish-user-states.ts'
import { retryForEver } from './retry-for-ever.ts'
import type { LogReach, UserStateSink } from './user-state-sink.ts'

/** What the log says of the database's epoch. */
export interface LogEpoch {
  /** Whether somebody has said in it that all users' states stand there. Else records may be of users that this database does not know so. */
  readonly isComplete: boolean
}

/**
 * Compares the log's epoch with the database's, to be asked before a term publishes anything. Where the log's last heartbeat speaks of a number or
 * of a term that the database does not know, the database has lost commits: the epoch is raised, which ends the term (protocols.md §1.10).
 * Undefined where it was told to stop.
 * @throws TermLostError when the epoch was raised, or when another process has taken over.
 */
export async function compareLogEpoch({
  session: { kysely },
  sink,
  stop,
  term,
}: {
  readonly session: LeaderSession
  readonly sink: UserStateSink
  readonly stop: AbortSignal
  readonly term: RunningTerm<UserStatesStatus>
}): Promise<LogEpoch | undefined> {
  const { lane, leadership, log } = term
  let reach: LogReach | undefined
  const look = async () => {
    reach = await sink.findLastHeartbeat(stop)
  }
  // The status tells of publishing.
  const ownTerm = { ...term, status: { leader: true } }
  if (!(await retryForEver(look, 'the end of the log cannot be read', ownTerm, stop))) return undefined
  const hi = await getLastNumber(kysely, lane, leadership)
  if (reach?.epoch !== leadership.epoch) return { isComplete: false }
  if (reach.term < leadership.term && reach.hi <= hi) return { isComplete: true }
  const epoch = await kysely
    .transaction()
    .execute((trx) => raiseEpoch(trx, lane, leadership.term, term.installation))
  const facts = { log: reach, database: { hi, term: leadership.term }, epoch }
  log.error(
    facts,
    'the database has lost commits that were published: a new epoch begins, all tokens are revoked',
  )
  await getLastNumber(kysely, lane, leadership)
  return undefined
}
