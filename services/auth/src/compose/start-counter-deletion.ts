import type { Deps } from '../deps.ts'
import { deleteEndedCounters } from '../store/rate-counters.ts'

const rowsAtOnce = 1000
const pauseMs = 20
const everyMs = 60_000

/** Deletes counters whose window has ended, in small statements, until closed. Every instance does; none waits for another. */
export function startCounterDeletion(
  { clock, database, log }: Pick<Deps, 'clock' | 'database' | 'log'>,
  random: () => number,
): { close(): Promise<void> } {
  const closing = new AbortController()
  const running = run()

  async function run(): Promise<void> {
    let hasMore = false
    while (!closing.signal.aborted) {
      await clock.sleep(hasMore ? pauseMs : everyMs * (0.75 + random() / 2), closing.signal)
      if (closing.signal.aborted) return
      try {
        hasMore = (await deleteEndedCounters(database.kysely, rowsAtOnce)) === rowsAtOnce
      } catch (err) {
        hasMore = false
        log.warn({ err }, 'ended counters cannot be deleted; trying again')
      }
    }
  }

  return {
    close: async () => {
      closing.abort()
      await running
    },
  }
}
