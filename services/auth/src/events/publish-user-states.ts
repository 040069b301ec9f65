import type { Kysely } from 'kysely'
import type { LeaderSession } from '../store/database.ts'
import { getLastNumber, getPublishedUpTo, markPublishedUpTo } from '../store/lane-marks.ts'
import type { ParkTimes } from '../store/parked-keys.ts'
import type { Schema } from '../store/schema.ts'
import { listLivingUserIds, listUserChanges } from '../store/user-states.ts'
import { getStateHeartbeat } from './get-state-heartbeat.ts'
import type { RunningTerm } from './lead.ts'
import { openStateWriter, type StateWriter } from './open-state-writer.ts'
import { retryForEver, type SinkStatus } from './retry-for-ever.ts'
import { beatEveryMs } from './revocation-follower.ts'
import type { UserStateHeartbeat, UserStateSink } from './user-state-sink.ts'
import type { WakeSignal } from './wake-signal.ts'

/** How the users' states of this process do, for metrics. */
export interface UserStatesStatus extends SinkStatus {
  /** When readers last had all that was changed. */
  statesPublishedAt?: Date
  /** Users of whose states readers are only told that they are there, because the broker refuses the whole. */
  withheldStates?: number
}

/** What publishing users' states in one term is made of. */
export interface StatePublishing {
  readonly session: LeaderSession
  readonly term: RunningTerm<UserStatesStatus>
  readonly sink: UserStateSink
  readonly parkTimes: ParkTimes
  /** Whether all users are written, before what has changed. */
  readonly isAnew: boolean
  /** Woken when events have got their numbers. */
  readonly numbered: WakeSignal
  readonly stop: AbortSignal
}

const retryAtMostMs = 2000
const failure = 'the states of users cannot be published'

/**
 * Takes users' states to the sink, for every numbered event that changed one, and heartbeats behind them. What is written is the user as he is
 * when it is written, by a writer whom nobody else writes beside: so no record is older than one before it, whatever is written again. A state
 * that is refused for good is withheld. Runs until `stop`.
 * @throws TermLostError when another process has taken over.
 */
export async function publishUserStates(publishing: StatePublishing): Promise<void> {
  const { session, sink, stop, term } = publishing
  const halt = AbortSignal.any([stop, term.closing])
  // The relay's own status tells of the sink of events.
  const ownTerm = { ...term, status: { leader: true }, retryAtMostMs }
  const writer = await openStateWriter({ ...publishing, halt })
  const progress: Progress = { isAllWritten: !publishing.isAnew, lastUserId: undefined }
  while (!halt.aborted) {
    if (!(await retryForEver(() => sink.takeOver(stop), failure, ownTerm, stop))) return
    // A leader woken late stops here, before it has read anything; whom it shut out takes over once more.
    await getLastNumber(session.kysely, term.lane, term.leadership)
    await publishUntilFailure(publishing, writer, progress, halt)
    await term.clock.sleep(100 + term.random() * 100, halt)
  }
}

/** How far the writing of all users has come; a sink that fails need not begin anew. */
interface Progress {
  isAllWritten: boolean
  lastUserId: string | undefined
}

/** Returns where the sink fails, or where it is told to stop. */
async function publishUntilFailure(
  { numbered, session: { kysely }, sink, stop, term }: StatePublishing,
  writer: StateWriter,
  progress: Progress,
  halt: AbortSignal,
): Promise<void> {
  const { clock, lane, leadership, status } = term
  let upTo = await getPublishedUpTo(kysely, lane)
  let beat: UserStateHeartbeat | undefined
  let beatDueMs = 0
  if (!(await writeAll(kysely, writer, progress, halt))) return
  while (!halt.aborted) {
    const { limit } = writer
    const changes = await listUserChanges(kysely, upTo, limit)
    if (!(await writer.write([...new Set(changes.map(({ userId }) => userId))]))) return
    if (!(await writer.retryDue())) return
    const isEnd = changes.length < limit
    // The list was read after the heartbeat: up to its number nothing else has changed a user.
    const reached = Math.max(upTo, changes.at(-1)?.pubSeq ?? 0, isEnd && beat ? beat.hi : 0)
    if (reached > upTo) await markPublishedUpTo(kysely, lane, leadership, reached)
    upTo = reached
    if (beat && beat.hi <= upTo) {
      const due = beat
      if (!(await writer.attempt(() => sink.beat(due, stop)))) return
      beat = undefined
      status.statesPublishedAt = clock.now()
    }
    // One that was not sent stays: in a backlog a newer one would wait for more, again and again.
    if (beat === undefined && clock.monotonicMs() >= beatDueMs) {
      beatDueMs = clock.monotonicMs() + beatEveryMs
      beat = await getStateHeartbeat(kysely, term)
    } else if (isEnd && changes.length === 0) {
      await numbered.wait(beatDueMs - clock.monotonicMs(), halt)
    }
  }
}

/** Nothing was said in this epoch yet, and the events of older users may have been deleted: everybody is written once. */
async function writeAll(
  kysely: Kysely<Schema>,
  writer: StateWriter,
  progress: Progress,
  halt: AbortSignal,
): Promise<boolean> {
  while (!progress.isAllWritten && !halt.aborted) {
    const { limit } = writer
    const userIds = await listLivingUserIds(kysely, progress.lastUserId, limit)
    if (!(await writer.write(userIds))) return false
    progress.lastUserId = userIds.at(-1)
    progress.isAllWritten = userIds.length < limit
  }
  return progress.isAllWritten
}
