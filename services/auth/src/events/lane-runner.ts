import type { Kysely } from 'kysely'
import type { Clock } from '../domain/clock.ts'
import type { Database, LeaderSession } from '../store/database.ts'
import type { Installation } from '../store/epoch.ts'
import { type Lane, notifyLane } from '../store/lanes.ts'
import type { Leadership, Numbering } from '../store/number-rows.ts'
import type { Schema } from '../store/schema.ts'
import { type Complain, makeComplain } from './complain.ts'
import { lead, type RunningTerm } from './lead.ts'
import type { EventsLog } from './log.ts'
import { makeNotifier, type Notifier } from './notifier.ts'
import type { SettledPosition } from './settled-position.ts'
import { makeWakeSignal, type WakeSignal } from './wake-signal.ts'

/** What every lane needs. */
export interface LaneOptions {
  readonly database: Database
  readonly installation: Installation
  readonly clock: Clock
  readonly log: EventsLog
  /** A number in [0, 1), for jitter. */
  readonly random: () => number
  /** Called when rows got their numbers, for those who watch them in this process. Must not throw. */
  readonly onNumbered?: () => void
  /** Called with how long a statement took that numbered rows. Must not throw. */
  readonly observeNumbering?: (durationMs: number) => void
  /** Rows a statement numbers. */
  readonly batchSize?: number
}

/** How this process does on a lane, for metrics. */
export interface LaneStatus {
  /** Whether this process leads. The rest is known of the leader alone. */
  leader: boolean
  term?: number
  epoch?: string
}

/** A lane, and what its leader does beside numbering. */
export interface LaneWork<Status extends LaneStatus> {
  readonly lane: Lane
  /**
   * Gives the next numbers to at most `limit` committed rows; `above` is a position up to which all have theirs.
   * @throws TermLostError when another process has taken over.
   */
  readonly number: (
    kysely: Kysely<Schema>,
    leadership: Leadership,
    limit: number,
    above: number,
  ) => Promise<Numbering>
  /** Wakings within this time are one. */
  readonly debounceMs: number
  /** Runs beside the numbering until `stop` aborts; when it throws, the term is over. */
  readonly work: (session: LeaderSession, term: RunningTerm<Status>, stop: AbortSignal) => Promise<void>
  /** Called now and then while the lock is kept. */
  readonly observe?: (session: LeaderSession, status: Status, settled: SettledPosition) => Promise<void>
}

/** Leads a lane as long as this process has its lock, and waits for getting it otherwise. */
export interface LaneRunner<Status extends LaneStatus = LaneStatus> {
  /** There are new rows: call after a commit. Wakes the leader, here or in another process. */
  wake(): void
  status(): Status
  /** Finishes what is at hand, or gives it up after two seconds, and resigns. */
  close(): Promise<void>
}

const retryLeadershipMs = 400
const closeGraceMs = 2000

/** Runs a lane. It never throws: what goes wrong is logged and tried again. */
export function openLane<Status extends LaneStatus>(
  options: LaneOptions,
  work: LaneWork<Status>,
): LaneRunner<Status> {
  return new OpenLane(options, work)
}

class OpenLane<Status extends LaneStatus> implements LaneRunner<Status> {
  readonly #options: LaneOptions
  readonly #work: LaneWork<Status>
  readonly #complain: Complain
  readonly #wakeSignal: WakeSignal
  readonly #notifier: Notifier
  readonly #closing = new AbortController()
  readonly #giveUp = new AbortController()
  readonly #ended: Promise<void>
  #status = notLeading<Status>()

  constructor(options: LaneOptions, work: LaneWork<Status>) {
    const { clock, database, log } = options
    this.#options = options
    this.#work = work
    this.#complain = makeComplain(log, clock)
    this.#wakeSignal = makeWakeSignal(clock)
    const send = () => notifyLane(database.kysely, work.lane)
    this.#notifier = makeNotifier(clock, { send, debounceMs: work.debounceMs })
    this.#ended = this.#run()
  }

  readonly wake = () => {
    this.#wakeSignal.wake()
    if (!this.#status.leader) this.#notifier.notify()
  }

  status(): Status {
    return { ...this.#status }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const inTime = new AbortController()
    const giveUp = this.#options.clock.sleep(closeGraceMs, inTime.signal).then(() => this.#giveUp.abort())
    await this.#ended
    inTime.abort()
    await giveUp
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options
    while (!this.#closing.signal.aborted) {
      const beganMs = clock.monotonicMs()
      const session = await this.#findSession()
      if (session) await this.#lead(session)
      // A term that is lost is taken up again at once: all that waits for its number waits for that too.
      if (session && clock.monotonicMs() - beganMs > retryLeadershipMs) continue
      await clock.sleep(retryLeadershipMs * (0.75 + random() / 2), this.#closing.signal)
    }
  }

  async #findSession(): Promise<LeaderSession | undefined> {
    const { lock } = this.#work.lane
    try {
      return await this.#options.database.findLeaderSession(lock)
    } catch (error) {
      this.#complain(error, `cannot ask for the lock ${lock}`)
      return undefined
    }
  }

  async #lead(session: LeaderSession): Promise<void> {
    const status = notLeading<Status>()
    this.#status = status
    try {
      await lead(session, {
        ...this.#options,
        ...this.#work,
        status,
        complain: this.#complain,
        wakeSignal: this.#wakeSignal,
        closing: this.#closing.signal,
        giveUp: this.#giveUp.signal,
      })
    } catch (error) {
      this.#complain(error, `does not lead the lane ${this.#work.lane.table}`)
    } finally {
      this.#status = notLeading()
      await session.close()
    }
  }
}

/** All that a status has beside `leader` is optional. */
function notLeading<Status extends LaneStatus>(): Status {
  return { leader: false } as Status
}
