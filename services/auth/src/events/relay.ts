import { lanes } from '../store/lanes.ts'
import { numberRows } from '../store/number-rows.ts'
import { countUnpublished } from '../store/outbox.ts'
import type { ParkTimes } from '../store/parked-keys.ts'
import { compareLogEpoch } from './compare-log-epoch.ts'
import { deletePublished, type OutboxRetention } from './delete-published.ts'
import { type LaneOptions, type LaneRunner, openLane } from './lane-runner.ts'
import { publishEvents, type RelayStatus } from './publish-events.ts'
import { publishUserStates } from './publish-user-states.ts'
import type { EventSink } from './sink.ts'
import type { UserStateSink } from './user-state-sink.ts'
import { makeWakeSignal } from './wake-signal.ts'

export type { RelayStatus } from './publish-events.ts'

/** What {@link openRelay} needs. */
export interface RelayOptions extends LaneOptions {
  readonly sink: EventSink
  /** Where the states of users go beside; nowhere without. */
  readonly stateSink?: UserStateSink
  /** How long acknowledged events are kept; for ever without. */
  readonly retention?: OutboxRetention
  /** How long a key waits whose event, or state, the sink refuses for good; a minute, up to an hour. */
  readonly parkTimes?: ParkTimes
}

/** Takes committed events to the sink, as long as this process is the leader, and waits for becoming it otherwise. */
export type Relay = LaneRunner<RelayStatus>

const debounceMs = 5
const countAtMost = 100_000
const defaultParkTimes: ParkTimes = Object.freeze({ firstMs: 60_000, longestMs: 3_600_000 })

/** Starts the relay. It never throws: what goes wrong is logged and tried again. */
export function openRelay(options: RelayOptions): Relay {
  const { database, parkTimes = defaultParkTimes, retention, sink, stateSink } = options
  const isForStates = stateSink !== undefined
  const numbered = makeWakeSignal(options.clock)
  const onNumbered = () => {
    numbered.wake()
    options.onNumbered?.()
  }
  return openLane<RelayStatus>(
    { ...options, onNumbered },
    {
      lane: lanes.events,
      number: (kysely, ...which) => numberRows(kysely, lanes.events, ...which),
      debounceMs,
      work: async (session, term, stop) => {
        const log = stateSink && (await compareLogEpoch({ session, term, sink: stateSink, stop }))
        if (stateSink && log === undefined) return
        const isAnew = log?.isComplete === false
        await Promise.all([
          publishEvents({ session, term, sink, parkTimes, stop }),
          stateSink &&
            publishUserStates({ session, term, sink: stateSink, parkTimes, isAnew, numbered, stop }),
          retention && deletePublished(database.kysely, retention, { ...term, isForStates }, stop),
        ])
      },
      observe: async ({ kysely }, status) => {
        status.pending = await countUnpublished(kysely, countAtMost)
      },
    },
  )
}
