import type { LeaderSession } from '../store/database.ts'
import { type Leadership, takeOverLane } from '../store/number-rows.ts'
import type { Complain } from './complain.ts'
import { keepLock } from './keep-lock.ts'
import type { LaneOptions, LaneStatus, LaneWork } from './lane-runner.ts'
import { makeSettledPosition, type SettledPosition } from './settled-position.ts'
import { makeWakeSignal, type WakeSignal } from './wake-signal.ts'

/** One term: the lane's options and what belongs to this process. */
export interface Term<Status extends LaneStatus = LaneStatus> extends LaneOptions, LaneWork<Status> {
  readonly status: Status
  readonly wakeSignal: WakeSignal
  readonly complain: Complain
  /** Begin nothing new. */
  readonly closing: AbortSignal
  /** Stop at once. */
  readonly giveUp: AbortSignal
}

/** A term that has begun. */
export interface RunningTerm<Status extends LaneStatus = LaneStatus> extends Term<Status> {
  readonly leadership: Leadership
  /** Woken when rows have got their numbers. */
  readonly numbered: WakeSignal
  readonly settled: SettledPosition
}

/** Nobody may have woken us: a commit whose process died right behind it, a lost notification. */
export const lookEveryMs = 1000

/**
 * Leads until the lock or the term is lost, which throws, or until the process closes. Three loops share the session: one keeps
 * the lock, one numbers, one does the lane's own work; when one ends, all do.
 */
export async function lead<Status extends LaneStatus>(
  session: LeaderSession,
  term: Term<Status>,
): Promise<void> {
  const { lane, status, log, wakeSignal } = term
  const leadership = await session.kysely
    .transaction()
    .execute((trx) => takeOverLane(trx, lane, term.installation))
  await session.onNotification(lane.channel, wakeSignal.wake)
  Object.assign(status, { leader: true, ...leadership })
  log.info({ lane: lane.table, ...leadership }, 'leads the lane')
  const stop = new AbortController()
  const abandon = () => {
    stop.abort()
    // What still waits for an answer of the database gets none.
    void session.close()
  }
  const endsAll = (loop: Promise<void>) =>
    loop.then(
      () => stop.abort(),
      (error) => rethrow(error, abandon),
    )
  term.giveUp.addEventListener('abort', abandon, { once: true })
  const settled = makeSettledPosition(session, lane, term.clock)
  const running = { ...term, leadership, settled, numbered: makeWakeSignal(term.clock) }
  const ends = await Promise.allSettled([
    endsAll(keepLock(session, running, stop.signal)),
    endsAll(term.work(session, running, stop.signal)),
    endsAll(numberCommitted(session, running, stop.signal)),
  ])
  term.giveUp.removeEventListener('abort', abandon)
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed && !term.closing.aborted) throw failed.reason
}

function rethrow(error: unknown, first: () => void): never {
  first()
  throw error
}

/** Numbers what is committed. Goes on while the broker is down: watchers read numbered rows. */
async function numberCommitted<Status extends LaneStatus>(
  { kysely }: LeaderSession,
  term: RunningTerm<Status>,
  stop: AbortSignal,
): Promise<void> {
  const batchSize = term.batchSize ?? 500
  while (!stop.aborted) {
    await term.settled.prepare()
    const above = term.settled.position
    const beganMs = term.clock.monotonicMs()
    const { count } = await term.number(kysely, term.leadership, batchSize, above)
    term.settled.conclude(count < batchSize)
    if (count > 0) {
      term.observeNumbering?.(term.clock.monotonicMs() - beganMs)
      term.numbered.wake()
      term.onNumbered?.()
    }
    if (count === batchSize) continue
    if (await term.wakeSignal.wait(lookEveryMs, stop)) await term.clock.sleep(term.debounceMs, stop)
  }
}
