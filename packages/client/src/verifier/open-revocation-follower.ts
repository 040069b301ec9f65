import type { Logger } from '../logger.ts'
import { type Backoff, makeBackoff } from '../make-backoff.ts'
import { abortAfter } from './abort-after.ts'
import { type Clock, readClock } from './clock.ts'
import type { FreshnessStatus } from './freshness-status.ts'
import { type Freshness, type FreshnessOptions, makeFreshness } from './make-freshness.ts'
import { makeRevocationLog, type RevocationLog } from './make-revocation-log.ts'
import { makeRevocationView, type RevocationView } from './make-revocation-view.ts'
import {
  RevocationDoubt,
  type RevocationEntry,
  type RevocationSource,
  type RevocationStatus,
} from './revocation.ts'
import type { RevocationFollower, RevocationFollowerStatus } from './revocation-state.ts'
import { takeUntilAborted, untilAborted } from './until-aborted.ts'

/** What a follower is made of; all but the source and the clock has a default. */
export interface RevocationFollowerOptions extends Pick<FreshnessOptions, 'maxStalenessMs' | 'driftPpm'> {
  readonly source: RevocationSource
  readonly clock: Clock
  /** 0 to 1, for jitter; default Math.random. */
  readonly random?: () => number
  readonly logger?: Pick<Logger, 'warn'>
  readonly freshness?: Freshness
  readonly makeView?: () => RevocationView
  /** Told of every entry that is heard, before it is in the view; repetitions included. Must not throw. */
  readonly onEntry?: (entry: RevocationEntry) => void
  /**
   * Told that everything is read anew, before any of it: what is revoked from here on is heard, what was revoked before and has expired
   * since may never be. Must not throw.
   */
  readonly onBegin?: ((epoch: string) => void) | undefined
  /** A stream silent for so long is broken; default 5,000. */
  readonly silenceMs?: number
  /** A snapshot whose next part takes longer is broken; default 10,000. However long it is, it is read to its end while it goes on. */
  readonly bootstrapMs?: number
  /** How often the database's clock is measured, about; default 10,000. */
  readonly measureEveryMs?: number
}

/** How often it is looked whether something is due. */
const tickMs = 250
const statusDeadlineMs = 2_000

/**
 * Opens a follower (protocols §2): asks for the log's end, subscribes from there, then reads the snapshot. A connection that breaks is
 * taken up where it ended, any doubt reads everything anew; between attempts it waits 100 ms to 5 s with jitter. Whoever opens closes.
 */
export function openRevocationFollower(options: RevocationFollowerOptions): RevocationFollower {
  return new Follower(options)
}

class Follower implements RevocationFollower {
  readonly #options: RevocationFollowerOptions
  readonly #clock: Clock
  readonly #freshness: Freshness
  readonly #log: RevocationLog
  readonly #backoff: Backoff
  readonly #closing = new AbortController()
  readonly #running: Promise<unknown>
  #attempt = new AbortController()
  #needsBootstrap = true
  #heardAtMs = 0

  constructor(options: RevocationFollowerOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#freshness = options.freshness ?? makeFreshness(options)
    this.#log = makeRevocationLog({
      freshness: this.#freshness,
      makeView: options.makeView ?? makeRevocationView,
      onEntry: options.onEntry,
    })
    this.#backoff = this.#makeBackoff()
    this.#running = Promise.all([this.#follow(), this.#keepMeasuring()])
  }

  get view(): RevocationView {
    return this.#log.view
  }

  get epoch(): string | undefined {
    return this.#log.epoch
  }

  get hasBeenComplete(): boolean {
    return this.#log.hasBeenComplete
  }

  readFreshness(maxStalenessMs?: number): FreshnessStatus {
    return this.#freshness.read(maxStalenessMs)
  }

  status(): RevocationFollowerStatus {
    const { epoch, rseq, view } = this.#log
    return { ...this.#freshness.read(), epoch, rseq, term: this.#freshness.term, entries: view.entries }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'))
    this.#attempt.abort(new Error('closed'))
    this.#freshness.doubt('CLOSED')
    await this.#running
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const attempt = new AbortController()
      this.#attempt = attempt
      this.#heardAtMs = this.#clock.monotonicMs()
      try {
        await (this.#needsBootstrap ? this.#bootstrap(attempt.signal) : this.#read(attempt.signal))
      } catch (error) {
        this.#noteFailure(error)
      }
      attempt.abort(new Error('this attempt has ended'))
      await this.#clock.sleep(this.#backoff.next(), signal)
    }
  }

  /** Subscribe first, then the snapshot: what is revoked meanwhile comes by one of the two, and where it does not it is a gap (R5). */
  async #bootstrap(signal: AbortSignal): Promise<void> {
    const end = await this.#measure(signal)
    this.#log.begin(end)
    this.#options.onBegin?.(end.epoch)
    await Promise.all([this.#read(signal), this.#readSnapshot(signal)])
  }

  async #readSnapshot(signal: AbortSignal): Promise<void> {
    const { source, bootstrapMs = 10_000 } = this.#options
    const expectNext = () => abortAfter(this.#clock, bootstrapMs, this.#attempt, signal)
    let deadline = expectNext()
    try {
      await takeUntilAborted(source.snapshot(signal), signal, (part) => {
        deadline.abort()
        deadline = expectNext()
        this.#log.addSnapshot(part)
      })
    } finally {
      deadline.abort()
    }
    if (!this.#log.isComplete) throw new Error('the snapshot ended early')
    // A doubt that arose meanwhile has ended the attempt.
    if (!signal.aborted) this.#needsBootstrap = false
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { epoch = '', rseq } = this.#log
    await takeUntilAborted(
      this.#options.source.watch({ epoch, afterRseq: rseq }, signal),
      signal,
      (record) => {
        this.#heardAtMs = this.#clock.monotonicMs()
        if (this.#log.take(record)) this.#backoff.reset()
      },
    )
    throw new Error('the stream of revocations has ended')
  }

  /** A doubt is said at once; a broken connection only lets the view grow old. */
  #noteFailure(error: unknown): void {
    if (this.#closing.signal.aborted) return
    if (error instanceof RevocationDoubt) {
      this.#freshness.doubt(error.doubt)
      this.#needsBootstrap = true
    }
    this.#options.logger?.warn({ err: error }, 'following revocations was interrupted')
  }

  async #keepMeasuring(): Promise<void> {
    const { measureEveryMs = 10_000, random = Math.random, silenceMs = 5_000 } = this.#options
    const { signal } = this.#closing
    const backoff = this.#makeBackoff()
    let dueAtMs = this.#clock.monotonicMs() + measureEveryMs * random()
    let soonestMs = 0
    while (!signal.aborted) {
      await this.#clock.sleep(tickMs, signal)
      const nowMs = this.#clock.monotonicMs()
      if (nowMs - this.#heardAtMs > silenceMs) this.#attempt.abort(new Error('the stream is silent'))
      if (nowMs < soonestMs || (nowMs < dueAtMs && !this.#freshness.needsMeasurement)) continue
      await this.#measureAgain()
      soonestMs = this.#clock.monotonicMs() + backoff.next()
      if (!this.#freshness.needsMeasurement) backoff.reset()
      dueAtMs = this.#clock.monotonicMs() + measureEveryMs * (0.75 + random() / 2)
    }
  }

  async #measureAgain(): Promise<void> {
    try {
      const { epoch } = await this.#measure(this.#closing.signal)
      if (this.#log.epoch === undefined || epoch === this.#log.epoch) return
      const doubt = new RevocationDoubt('EPOCH_CHANGED', 'the database is of another epoch')
      this.#noteFailure(doubt)
      this.#attempt.abort(doubt)
    } catch (error) {
      this.#noteFailure(error)
    }
  }

  async #measure(signal: AbortSignal): Promise<RevocationStatus> {
    const question = new AbortController()
    const deadline = abortAfter(this.#clock, statusDeadlineMs, question, signal)
    try {
      const sent = readClock(this.#clock)
      const status = await untilAborted(this.#options.source.status(question.signal), question.signal)
      const databaseMs = status.databaseTime.getTime()
      if (!(databaseMs >= 0)) throw new Error('the status has no time')
      this.#freshness.measure({ sent, received: readClock(this.#clock), databaseMs })
      return status
    } finally {
      deadline.abort()
    }
  }

  #makeBackoff(): Backoff {
    const { random = Math.random } = this.#options
    return makeBackoff({ firstMs: 100, maxMs: 5_000, random })
  }
}
