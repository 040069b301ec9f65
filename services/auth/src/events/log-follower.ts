import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../domain/clock.ts'
import type { Database } from '../store/database.ts'
import { getLogEnd, type LogEnd } from '../store/event-log.ts'
import { makeWakeSignal, type WakeSignal } from './wake-signal.ts'

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
  return new SharedLook(database, clock)
}

class SharedLook implements LogFollower {
  readonly #database: Pick<Database, 'kysely'>
  readonly #clock: Clock
  readonly #signal: WakeSignal
  readonly #waiters = new Set<Waiter>()
  #isLooking = false

  constructor(database: Pick<Database, 'kysely'>, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#signal = makeWakeSignal(clock)
  }

  readonly wake = () => this.#signal.wake()

  waitBehind(after: number, ms: number, abort: AbortSignal): Promise<LogEnd | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<LogEnd | undefined>()
    const onAbort = () => waiter.settle(undefined)
    const waiter: Waiter = {
      after,
      until: this.#clock.monotonicMs() + ms,
      settle: (end, error) => {
        this.#waiters.delete(waiter)
        abort.removeEventListener('abort', onAbort)
        if (error === undefined) resolve(end)
        else reject(error)
      },
    }
    if (abort.aborted) return Promise.resolve(undefined)
    abort.addEventListener('abort', onAbort, { once: true })
    this.#waiters.add(waiter)
    if (this.#isLooking) this.#signal.wake()
    else void this.#look()
    return promise
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#waiters.size > 0) {
      await this.#lookOnce()
      // Those who were answered ask again first, so that they share the next look.
      await nextTurn()
      if (this.#waiters.size > 0) await this.#signal.wait(this.#nextLookMs(), neverAborted)
    }
    this.#isLooking = false
  }

  async #lookOnce(): Promise<void> {
    const asked = [...this.#waiters]
    try {
      const end = await getLogEnd(this.#database.kysely)
      const now = this.#clock.monotonicMs()
      for (const waiter of asked) if (end.pubSeq > waiter.after || now >= waiter.until) waiter.settle(end)
    } catch (error) {
      for (const waiter of asked) waiter.settle(undefined, error)
    }
  }

  #nextLookMs(): number {
    const now = this.#clock.monotonicMs()
    let ms = lookEveryMs
    for (const { until } of this.#waiters) ms = Math.min(ms, Math.max(until - now, 0))
    return ms
  }
}

const neverAborted = new AbortController().signal
