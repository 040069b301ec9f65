import type { LeaderSession } from '../store/database.ts'
import { countUnpublished } from '../store/outbox.ts'
import type { Term } from './lead.ts'

const pingEveryMs = 400
const pingTimeoutMs = 3000
const countEvery = 5
const countAtMost = 100_000

/** Pings until `stop`; throws once the lock is lost or the database does not answer. Counts the backlog now and then. */
export async function keepLock(session: LeaderSession, term: Term, stop: AbortSignal): Promise<void> {
  const { clock, status } = term
  for (let n = 0; !stop.aborted; n += 1) {
    await withTimeout(session.ping(), term)
    if (n % countEvery === 0) status.pending = await countUnpublished(session.kysely, countAtMost)
    await clock.sleep(pingEveryMs, stop)
  }
}

async function withTimeout(ping: Promise<void>, { clock }: Term): Promise<void> {
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
