import type { Kysely } from 'kysely'
import type { LeaderSession } from '../store/database.ts'
import { getLastNumber, getPublishedUpTo, markPublishedUpTo } from '../store/lane-marks.ts'
import { numberRows } from '../store/number-rows.ts'
import { getDatabaseTime } from '../store/revocations.ts'
import type { Schema } from '../store/schema.ts'
import { listLivingUserIds, listUserChanges, readUserStates } from '../store/user-states.ts'
import type { RunningTerm } from './lead.ts'
import { retryForEver, type SinkStatus } from './retry-for-ever.ts'
import { beatEveryMs } from './revocation-follower.ts'
import type { UserStateHeartbeat, UserStateSink } from './user-state-sink.ts'
import type { WakeSignal } from './wake-signal.ts'

/** How the users' states of this process do, for metrics. */
export interface UserStatesStatus extends SinkStatus {
  /** When readers last had all that was changed. */
  statesPublishedAt?: Date
}

/** What publishing users' states in one term is made of. */
export interface StatePublishing {
  readonly session: LeaderSession
  readonly term: RunningTerm<UserStatesStatus>
  readonly sink: UserStateSink
  /** Woken when events have got their numbers. */
  readonly numbered: WakeSignal
  readonly stop: AbortSignal
}

const retryAtMostMs = 2000
const failure = 'the states of users cannot be published'

/**
 * Takes users' states to the sink, for every numbered event that changed one, and heartbeats behind them. What is written is the user as he is
 * when it is written, by a writer whom nobody else writes beside: so no record is older than one before it, whatever is written again. Never
 * parks: what is refused is the topic's fault, and is tried for ever. Runs until `stop`.
 * @throws TermLostError when another process has taken over.
 */
export async function publishUserStates(publishing: StatePublishing): Promise<void> {
  const { session, sink, stop, term } = publishing
  const halt = AbortSignal.any([stop, term.closing])
  // The relay's own status tells of the sink of events.
  const ownTerm = { ...term, status: { leader: true }, retryAtMostMs }
  while (!halt.aborted) {
    if (!(await retryForEver(() => sink.takeOver(stop), failure, ownTerm, stop))) return
    // A leader woken late stops here, before it has read anything; whom it shut out takes over once more.
    await getLastNumber(session.kysely, term.lane, term.leadership)
    await publishUntilFailure(publishing, halt)
    await term.clock.sleep(100 + term.random() * 100, halt)
  }
}

/** Returns where the sink fails, or where it is told to stop. */
async function publishUntilFailure(
  { numbered, session: { kysely }, sink, stop, term }: StatePublishing,
  halt: AbortSignal,
): Promise<void> {
  const { clock, lane, leadership, status } = term
  const limit = term.batchSize ?? 500
  let upTo = await getPublishedUpTo(kysely, lane)
  let beat: UserStateHeartbeat | undefined
  let beatDueMs = 0
  const isWritten = (write: () => Promise<void>) => succeeds(write, term, halt)
  const publish = async (userIds: readonly string[]) => {
    const states = await readUserStates(kysely, userIds)
    return states.length === 0 || (await isWritten(() => sink.publish(states, leadership.epoch, stop)))
  }
  if (upTo === 0 && !(await publishAll(kysely, limit, halt, publish))) return
  while (!halt.aborted) {
    const changes = await listUserChanges(kysely, upTo, limit)
    if (!(await publish([...new Set(changes.map(({ userId }) => userId))]))) return
    const isEnd = changes.length < limit
    // The list was read after the heartbeat: up to its number nothing else has changed a user.
    const reached = Math.max(upTo, changes.at(-1)?.pubSeq ?? 0, isEnd && beat ? beat.hi : 0)
    if (reached > upTo) await markPublishedUpTo(kysely, lane, leadership, reached)
    upTo = reached
    if (beat && beat.hi <= upTo) {
      const due = beat
      if (!(await isWritten(() => sink.beat(due, stop)))) return
      beat = undefined
      status.statesPublishedAt = clock.now()
    }
    // One that was not sent stays: in a backlog a newer one would wait for more, again and again.
    if (beat === undefined && clock.monotonicMs() >= beatDueMs) {
      beatDueMs = clock.monotonicMs() + beatEveryMs
      beat = await findHeartbeat(kysely, term)
    } else if (isEnd && changes.length === 0) {
      await numbered.wait(beatDueMs - clock.monotonicMs(), halt)
    }
  }
}

/** Nothing was published yet, and the events of older users may have been deleted: everybody is written once. */
async function publishAll(
  kysely: Kysely<Schema>,
  limit: number,
  halt: AbortSignal,
  publish: (userIds: readonly string[]) => Promise<boolean>,
): Promise<boolean> {
  let last: string | undefined
  while (!halt.aborted) {
    const userIds = await listLivingUserIds(kysely, last, limit)
    if (!(await publish(userIds))) return false
    last = userIds.at(-1)
    if (userIds.length < limit) return true
  }
  return false
}

async function succeeds(
  write: () => Promise<void>,
  { complain }: StatePublishing['term'],
  halt: AbortSignal,
): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (!halt.aborted) complain(error, failure)
    return false
  }
}

/** So many rows that wait for a number are a backlog, of which nothing is said until it is over. */
const beatAtMost = 5000

/**
 * What can be said now: the clock in a transaction of its own; then, in one transaction that checks the term, everything that is visible gets
 * its number, and the highest is fixed (protocols.md §1.6). Undefined in a backlog.
 */
async function findHeartbeat(
  kysely: Kysely<Schema>,
  { lane, leadership, numbered, onNumbered, settled }: StatePublishing['term'],
): Promise<UserStateHeartbeat | undefined> {
  const asOf = await getDatabaseTime(kysely)
  const { count, hi } = await kysely.transaction().execute(async (trx) => {
    const { count } = await numberRows(trx, lane, leadership, beatAtMost, settled.position)
    return { count, hi: await getLastNumber(trx, lane, leadership) }
  })
  if (count > 0) {
    numbered.wake()
    onNumbered?.()
  }
  return count === beatAtMost ? undefined : { ...leadership, hi, asOf, intervalMs: beatEveryMs }
}
