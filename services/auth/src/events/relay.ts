import type { Clock } from '../domain/clock.ts'
import type { Database, LeaderSession } from '../store/database.ts'
import { type Complain, makeComplain } from './complain.ts'
import { lead } from './lead.ts'
import type { EventsLog } from './log.ts'
import { makeNotifier } from './notifier.ts'
import type { EventSink } from './sink.ts'
import { makeWakeSignal } from './wake-signal.ts'

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
  status(): Readonly<RelayStatus>
  /** Finishes the batch at hand, or gives it up after two seconds, and resigns. */
  close(): Promise<void>
}

const retryLeadershipMs = 400
const closeGraceMs = 2000

/** Starts the relay. It never throws: what goes wrong is logged and tried again. */
export function openRelay(options: RelayOptions): Relay {
  const { clock, database, random } = options
  const status: RelayStatus = { leader: false }
  const closing = new AbortController()
  const giveUp = new AbortController()
  const wakeSignal = makeWakeSignal(clock)
  const notifier = makeNotifier(database.kysely, clock)
  const complain = makeComplain(options.log, clock)
  const running = runElections()

  async function runElections(): Promise<void> {
    while (!closing.signal.aborted) {
      const session = await findSession(database, complain)
      if (session) await runTerm(session)
      await clock.sleep(retryLeadershipMs * (0.75 + random() / 2), closing.signal)
    }
  }

  async function runTerm(session: LeaderSession): Promise<void> {
    try {
      await lead(session, {
        ...options,
        complain,
        status,
        wakeSignal,
        closing: closing.signal,
        giveUp: giveUp.signal,
      })
    } catch (error) {
      complain(error, 'the relay does not lead')
    } finally {
      for (const key of Object.keys(status)) delete status[key as keyof RelayStatus]
      status.leader = false
      await session.close()
    }
  }

  return {
    wake() {
      wakeSignal.wake()
      if (!status.leader) notifier.notify()
    },
    status: () => ({ ...status }),
    async close() {
      closing.abort()
      const finished = new AbortController()
      const timer = clock.sleep(closeGraceMs, finished.signal).then(() => giveUp.abort())
      await running
      finished.abort()
      await timer
    },
  }
}

async function findSession(database: Database, complain: Complain): Promise<LeaderSession | undefined> {
  try {
    return await database.findLeaderSession('relay')
  } catch (error) {
    complain(error, 'the relay cannot ask for its lock')
    return undefined
  }
}
