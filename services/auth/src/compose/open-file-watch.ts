import type { Log } from '../deps.ts'
import type { Clock } from '../domain/clock.ts'

/** How files are watched. */
export interface FileWatchOptions {
  readonly clock: Clock
  readonly log: Pick<Log, 'error'>
  readonly everyMs: number
  /** Whose files they are, for the log. */
  readonly whose: 'callers' | 'Kafka'
}

/** Files that are looked at again and again. */
export interface FileWatch {
  /** Ends it, once a look that has begun is over. */
  close(): Promise<void>
}

/** Calls `look` every so often, one after the other; a failing look is told in the log, and the next one comes all the same. */
export function openFileWatch(
  { clock, log, everyMs, whose }: FileWatchOptions,
  look: () => Promise<void>,
): FileWatch {
  const closing = new AbortController()
  const run = async () => {
    for (;;) {
      await clock.sleep(everyMs, closing.signal)
      if (closing.signal.aborted) return
      await look().catch((err: unknown) => log.error({ err }, `files of ${whose} cannot be looked at`))
    }
  }
  const running = run()
  return {
    async close() {
      closing.abort()
      await running
    },
  }
}
