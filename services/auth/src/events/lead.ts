import type { LeaderSession } from '../store/database.ts'
import {
  type Leadership,
  listUnpublished,
  markPublished,
  numberEvents,
  takeOverLane,
} from '../store/relay-lane.ts'
import type { Complain } from './complain.ts'
import { keepLock } from './keep-lock.ts'
import type { RelayOptions, RelayStatus } from './relay.ts'
import { retryForEver } from './retry-for-ever.ts'
import { makeWakeSignal, type WakeSignal } from './wake-signal.ts'

/** One term: the relay's options and what belongs to this process. */
export interface Term extends RelayOptions {
  readonly status: RelayStatus
  readonly wakeSignal: WakeSignal
  readonly complain: Complain
  /** Begin nothing new. */
  readonly closing: AbortSignal
  /** Stop at once. */
  readonly giveUp: AbortSignal
}

const debounceMs = 5
/** Nobody may have woken us: a commit whose process died right behind it, a lost notification. */
const lookEveryMs = 1000

/**
 * Leads until the lock or the term is lost, which throws, or until the process closes. Three loops share the session: one keeps
 * the lock, one numbers, one publishes; when one ends, all do.
 */
export async function lead(session: LeaderSession, term: Term): Promise<void> {
  const { status, log, wakeSignal } = term
  const leadership = await session.kysely.transaction().execute(takeOverLane)
  await session.onNotification(wakeSignal.wake)
  Object.assign(status, { leader: true, ...leadership })
  log.info(leadership, 'the relay leads')
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
  const numbered = makeWakeSignal(term.clock)
  const ends = await Promise.allSettled([
    endsAll(keepLock(session, term, stop.signal)),
    endsAll(publishNumbered(session, term, numbered, stop.signal)),
    endsAll(numberCommitted(session, term, leadership, numbered, stop.signal)),
  ])
  term.giveUp.removeEventListener('abort', abandon)
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed && !term.closing.aborted) throw failed.reason
}

function rethrow(error: unknown, first: () => void): never {
  first()
  throw error
}

/** Numbers what is committed. Goes on while the broker is down: watchers of the log read numbered events. */
async function numberCommitted(
  { kysely }: LeaderSession,
  term: Term,
  leadership: Leadership,
  numbered: WakeSignal,
  stop: AbortSignal,
): Promise<void> {
  const batchSize = term.batchSize ?? 500
  while (!stop.aborted) {
    const { count } = await numberEvents(kysely, leadership, batchSize)
    if (count > 0) {
      numbered.wake()
      term.onNumbered?.()
    }
    if (count === batchSize) continue
    if (await term.wakeSignal.wait(lookEveryMs, stop)) await term.clock.sleep(debounceMs, stop)
  }
}

/** Publishes in the order of numbers, and first what an earlier leader numbered and did not mark. Marks after the acks. */
async function publishNumbered(
  { kysely }: LeaderSession,
  term: Term,
  numbered: WakeSignal,
  stop: AbortSignal,
): Promise<void> {
  const { clock, closing, sink, status } = term
  const halt = AbortSignal.any([stop, closing])
  let publishedUpTo = 0
  await retryForEver(() => sink.prepare(stop), 'the event sink is not ready', term, stop)
  while (!halt.aborted) {
    const events = await listUnpublished(kysely, publishedUpTo, term.batchSize ?? 500)
    const [first, last] = [events.at(0), events.at(-1)]
    if (!first || !last) {
      await numbered.wait(lookEveryMs, halt)
      continue
    }
    if (!(await retryForEver(() => sink.publish(events, stop), 'events cannot be published', term, stop)))
      break
    await markPublished(kysely, first.pubSeq, last.pubSeq)
    publishedUpTo = last.pubSeq
    status.lastPublishedAt = clock.now()
  }
}
