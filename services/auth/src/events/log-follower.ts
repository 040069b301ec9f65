import { setImmediate as nextTick } from 'node:timers/promises'
import type { Clock } from '../domain/clock.ts'
import type { Database } from '../store/database.ts'
import { getLogEnd, type LogEnd } from '../store/event-log.ts'
import { makeWakeSignal } from './wake-signal.ts'

/** Looks where the log ends, once for all watchers of the process, and only while somebody waits. */
export interface LogFollower {
  /** Looks now: events got their numbers in this process. Without it, it looks every 250 ms. */
  wake(): void
  /**
   * Resolves with where the log ends, as soon as that is behind `after`, or as it was seen last before `ms` were over.
   * Resolves with undefined when `signal` aborts.
   * @throws AuthError DATABASE_UNAVAILABLE
   */
  waitBehind(after: number, ms: number, signal: AbortSignal): Promise<LogEnd | undefined>
}

interface Waiter {
  readonly after: number
  readonly until: number
  settle(end: LogEnd | undefined, error?: unknown): void
}

const lookEveryMs = 250

/** Makes the follower of one process. */
export function makeLogFollower(database: Pick<Database, 'kysely'>, clock: Clock): LogFollower {
  const waiters = new Set<Waiter>()
  const signal = makeWakeSignal(clock)
  const never = new AbortController().signal
  let isLooking = false

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    while (waiters.size > 0) {
      await lookOnce()
      await nextTick()
      if (waiters.size > 0) await signal.wait(nextLookMs(), never)
    }
    isLooking = false
  }

  function nextLookMs(): number {
    const now = clock.monotonicMs()
    let ms = lookEveryMs
    for (const waiter of waiters) ms = Math.min(ms, Math.max(waiter.until - now, 0))
    return ms
  }

  async function lookOnce(): Promise<void> {
    const asked = [...waiters]
    try {
      const end = await getLogEnd(database.kysely)
      const now = clock.monotonicMs()
      for (const waiter of asked) if (end.pubSeq > waiter.after || now >= waiter.until) waiter.settle(end)
    } catch (error) {
      for (const waiter of asked) waiter.settle(undefined, error)
    }
  }

  return {
    wake: signal.wake,
    waitBehind: (after, ms, abort) => {
      const { promise, resolve, reject } = Promise.withResolvers<LogEnd | undefined>()
      const onAbort = () => waiter.settle(undefined)
      const waiter: Waiter = {
        after,
        until: clock.monotonicMs() + ms,
        settle(end, error) {
          waiters.delete(waiter)
          abort.removeEventListener('abort', onAbort)
          if (error === undefined) resolve(end)
          else reject(error)
        },
      }
      waiters.add(waiter)
      abort.addEventListener('abort', onAbort, { once: true })
      if (abort.aborted) onAbort()
      else if (isLooking) signal.wake()
      else void look()
      return promise
    },
  }
}
