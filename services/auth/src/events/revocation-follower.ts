import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../domain/clock.ts'
import type { Revocation } from '../domain/revocation.ts'
import type { Database } from '../store/database.ts'
import { numberedRevocationsChannel } from '../store/lanes.ts'
import { getDatabaseTime, lookAtRevocations, type RevocationLook } from '../store/revocations.ts'
import { makeRevocationTail } from './revocation-tail.ts'
import { makeWakeSignal, type WakeSignal } from './wake-signal.ts'

/** Says that everything acknowledged before `asOf` has a number of at most `rseqHi`. */
export interface RevocationBeat {
  readonly term: number
  readonly rseqHi: number
  readonly asOf: Date
}

/** What the follower saw last. */
export interface RevocationView {
  readonly epoch: string
  /** The highest number it has seen with all before it. */
  readonly rseqHi: number
  /** The last one; undefined until nothing waited for its number. */
  readonly beat: RevocationBeat | undefined
  /** The entries above a number, or undefined where they are too long ago to be remembered. */
  findAfter(rseq: number): readonly Revocation[] | undefined
}

/** What a watcher has had. */
export interface WatchedUpTo {
  readonly rseq: number
  readonly asOf: Date
}

/** Follows the revocations of the primary, once for all watchers of the process, and only while somebody waits. */
export interface RevocationFollower {
  /** Looks now: entries got their numbers in this process. Those of other processes are heard of by a notification. */
  wake(): void
  /**
   * Resolves with the view of a look that began after this call, or with undefined when `signal` aborts.
   * @throws AuthError DATABASE_UNAVAILABLE
   */
  getView(signal: AbortSignal): Promise<RevocationView | undefined>
  /**
   * Resolves with the next view that has an entry or a beat beyond `had`, or is of another epoch; with undefined when `signal` aborts.
   * @throws AuthError DATABASE_UNAVAILABLE
   */
  waitBeyond(epoch: string, had: WatchedUpTo, signal: AbortSignal): Promise<RevocationView | undefined>
}

/** How often heartbeats are due. */
export const beatEveryMs = 500

/** With notifications to wake it, and without: where a connection cannot listen. */
const lookEveryMs = { listening: 100, notListening: 25 }
const readAtOnce = 1000

interface Waiter {
  isSatisfied(view: RevocationView): boolean
  settle(view: RevocationView | undefined, error?: unknown): void
}

type FollowedDatabase = Pick<Database, 'kysely' | 'openListener'>

/** Makes the follower of one process. */
export function makeRevocationFollower(database: FollowedDatabase, clock: Clock): RevocationFollower {
  return new SharedLook(database, clock)
}

class SharedLook implements RevocationFollower {
  readonly #database: FollowedDatabase
  readonly #clock: Clock
  readonly #signal: WakeSignal
  readonly #waiters = new Set<Waiter>()
  /** Its own: a signal of all followers would remember each of them. */
  readonly #neverAborted = new AbortController().signal
  #tail = makeRevocationTail()
  #beat: RevocationBeat | undefined
  #beatDueMs = 0
  #looksBegun = 0
  #isLooking = false

  constructor(database: FollowedDatabase, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#signal = makeWakeSignal(clock)
  }

  readonly wake = () => this.#signal.wake()

  getView(signal: AbortSignal): Promise<RevocationView | undefined> {
    const begunBefore = this.#looksBegun
    this.#beatDueMs = 0
    this.#signal.wake()
    // One that is under way may have seen what was before this call; its successor is the first that counts.
    const isEnough = () => this.#looksBegun > begunBefore
    return this.#wait(isEnough, signal)
  }

  waitBeyond(epoch: string, had: WatchedUpTo, signal: AbortSignal): Promise<RevocationView | undefined> {
    const isBeyond = ({ beat, ...view }: RevocationView) =>
      view.epoch !== epoch || view.rseqHi > had.rseq || (beat !== undefined && beat.asOf > had.asOf)
    return this.#wait(isBeyond, signal)
  }

  #wait(isSatisfied: Waiter['isSatisfied'], abort: AbortSignal): Promise<RevocationView | undefined> {
    if (abort.aborted) return Promise.resolve(undefined)
    const { promise, resolve, reject } = Promise.withResolvers<RevocationView | undefined>()
    const onAbort = () => {
      waiter.settle(undefined)
      // For nobody there is nothing to wait for.
      if (this.#waiters.size === 0) this.#signal.wake()
    }
    const waiter: Waiter = {
      isSatisfied,
      settle: (view, error) => {
        this.#waiters.delete(waiter)
        abort.removeEventListener('abort', onAbort)
        if (error === undefined) resolve(view)
        else reject(error)
      },
    }
    abort.addEventListener('abort', onAbort, { once: true })
    this.#waiters.add(waiter)
    if (!this.#isLooking) void this.#look()
    return promise
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    // What was seen before the last watcher went is too long ago.
    this.#tail = makeRevocationTail()
    this.#beat = undefined
    const listener = this.#database.openListener?.(numberedRevocationsChannel, this.wake)
    while (this.#waiters.size > 0) {
      const isBehind = await this.#lookOnce()
      // Those who were answered ask again first, so that they share the next look.
      await nextTurn()
      const waitMs = listener?.isListening ? lookEveryMs.listening : lookEveryMs.notListening
      if (this.#waiters.size > 0 && !isBehind) await this.#signal.wait(waitMs, this.#neverAborted)
    }
    this.#isLooking = false
    await listener?.close()
  }

  async #lookOnce(): Promise<boolean> {
    this.#looksBegun += 1
    try {
      const isBeatDue = this.#clock.monotonicMs() >= this.#beatDueMs
      // In a statement of its own, before the one that sees what was acknowledged by then (protocols.md §1.6).
      const asOf = isBeatDue ? await getDatabaseTime(this.#database.kysely) : undefined
      const look = await lookAtRevocations(this.#database.kysely, this.#tail.rseqHi, readAtOnce)
      if (!this.#tail.add(look)) this.#beat = undefined
      const isBehind = this.#tail.rseqHi !== look.rseqHi
      if (asOf !== undefined && !look.isWaiting && !isBehind) this.#setBeat(look, asOf)
      this.#tell({
        ...look,
        rseqHi: this.#tail.rseqHi ?? 0,
        beat: this.#beat,
        findAfter: this.#tail.findAfter,
      })
      return isBehind
    } catch (error) {
      for (const waiter of [...this.#waiters]) waiter.settle(undefined, error)
      return false
    }
  }

  #setBeat({ term, rseqHi }: RevocationLook, asOf: Date): void {
    this.#beat = { term, rseqHi, asOf }
    this.#beatDueMs = this.#clock.monotonicMs() + beatEveryMs
  }

  #tell(view: RevocationView): void {
    for (const waiter of [...this.#waiters]) if (waiter.isSatisfied(view)) waiter.settle(view)
  }
}
