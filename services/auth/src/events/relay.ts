import type { Clock } from '../domain/clock.ts'
import type { Database, LeaderSession } from '../store/database.ts'
import { type Complain, makeComplain } from './complain.ts'
import { lead } from './lead.ts'
import type { EventsLog } from './log.ts'
import { makeNotifier, type Notifier } from './notifier.ts'
import type { EventSink } from './sink.ts'
import { makeWakeSignal, type WakeSignal } from './wake-signal.ts'

/** What {@link openRelay} needs. */
export interface RelayOptions {
  readonly database: Database
  readonly sink: EventSink
  readonly clock: Clock
  readonly log: EventsLog
  /** A number in [0, 1), for jitter. */
  readonly random: () => number
  /** Called when events got their numbers, for those who watch the log in this process. Must not throw. */
  readonly onNumbered?: () => void
  /** Events a statement numbers and the sink gets at once. */
  readonly batchSize?: number
}

/** How the relay of this process does, for metrics. */
export interface RelayStatus {
  /** Whether this process publishes. The rest is known of the leader alone. */
  leader: boolean
  term?: number
  epoch?: string
  /** Events that wait for being published, counted every two seconds, no further than 100,000. */
  pending?: number
  lastPublishedAt?: Date
  /** Whether the last call to the sink succeeded. */
  brokerUp?: boolean
}

/** Takes committed events to the sink, as long as this process is the leader, and waits for becoming it otherwise. */
export interface Relay {
  /** There are new events: call after a commit. Wakes the leader, here or in another process. */
  wake(): void
  status(): RelayStatus
  /** Finishes the batch at hand, or gives it up after two seconds, and resigns. */
  close(): Promise<void>
}

const retryLeadershipMs = 400
const closeGraceMs = 2000

/** Starts the relay. It never throws: what goes wrong is logged and tried again. */
export function openRelay(options: RelayOptions): Relay {
  return new RunningRelay(options)
}

class RunningRelay implements Relay {
  readonly #options: RelayOptions
  readonly #complain: Complain
  readonly #wakeSignal: WakeSignal
  readonly #notifier: Notifier
  readonly #closing = new AbortController()
  readonly #giveUp = new AbortController()
  readonly #ended: Promise<void>
  #status: RelayStatus = { leader: false }

  constructor(options: RelayOptions) {
    const { clock, database, log } = options
    this.#options = options
    this.#complain = makeComplain(log, clock)
    this.#wakeSignal = makeWakeSignal(clock)
    this.#notifier = makeNotifier(database.kysely, clock)
    this.#ended = this.#run()
  }

  readonly wake = () => {
    this.#wakeSignal.wake()
    if (!this.#status.leader) this.#notifier.notify()
  }

  status(): RelayStatus {
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
      const session = await this.#findSession()
      if (session) await this.#lead(session)
      await clock.sleep(retryLeadershipMs * (0.75 + random() / 2), this.#closing.signal)
    }
  }

  async #findSession(): Promise<LeaderSession | undefined> {
    try {
      return await this.#options.database.findLeaderSession('relay')
    } catch (error) {
      this.#complain(error, 'the relay cannot ask for its lock')
      return undefined
    }
  }

  async #lead(session: LeaderSession): Promise<void> {
    const status: RelayStatus = { leader: false }
    this.#status = status
    try {
      await lead(session, {
        ...this.#options,
        status,
        complain: this.#complain,
        wakeSignal: this.#wakeSignal,
        closing: this.#closing.signal,
        giveUp: this.#giveUp.signal,
      })
    } catch (error) {
      this.#complain(error, 'the relay does not lead')
    } finally {
      this.#status = { leader: false }
      await session.close()
    }
  }
}
