import type { LeaderSession } from '../store/database.ts'
import type { LaneStatus } from './lane-runner.ts'
import type { RunningTerm, Term } from './lead.ts'

const pingEveryMs = 400
const pingTimeoutMs = 3000
const observeEvery = 5

/** Pings until `stop`; throws once the lock is lost or the database does not answer. Observes the lane now and then. */
export async function keepLock<Status extends LaneStatus>(
  session: LeaderSession,
  term: RunningTerm<Status>,
  stop: AbortSignal,
): Promise<void> {
  const { clock, status } = term
  for (let n = 0; !stop.aborted; n += 1) {
    await withTimeout(session.ping(), term)
    if (n % observeEvery === 0) await term.observe?.(session, status, term.settled)
    await clock.sleep(pingEveryMs, stop)
  }
}

async function withTimeout(ping: Promise<void>, { clock }: Pick<Term, 'clock'>): Promise<void> {
  const answered = new AbortController()
  const late = clock.sleep(pingTimeoutMs, answered.signal).then(() => {
    if (!answered.signal.aborted) throw new Error(`the database did not answer for ${pingTimeoutMs} ms`)
  })
  try {
    await Promise.race([ping, late])
  } finally {
    answered.abort()
  }
}
