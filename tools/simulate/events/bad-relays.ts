import { sql } from 'kysely'
import { type LaneRunner, openLane } from '../../../services/auth/src/events/lane-runner.ts'
import type { RunningTerm } from '../../../services/auth/src/events/lead.ts'
import type { RelayStatus } from '../../../services/auth/src/events/publish-events.ts'
import { publishUserStates } from '../../../services/auth/src/events/publish-user-states.ts'
import type { openRelay, RelayOptions } from '../../../services/auth/src/events/relay.ts'
import type { LeaderSession } from '../../../services/auth/src/store/database.ts'
import { lanes } from '../../../services/auth/src/store/lanes.ts'
import { numberRows } from '../../../services/auth/src/store/number-rows.ts'
import {
  listUnpublished,
  markPublished,
  type NumberedEvent,
  selectNumbered,
  toNumberedEvent,
} from '../../../services/auth/src/store/outbox.ts'

type Relay = LaneRunner<RelayStatus>
type Publish = (session: LeaderSession, term: RunningTerm<RelayStatus>, stop: AbortSignal) => Promise<void>

const lookEveryMs = 20

/** A relay that publishes events in another way, and users' states as ever. */
function openOtherRelay(options: RelayOptions, publish: Publish): Relay {
  const { parkTimes = { firstMs: 300, longestMs: 2000 }, stateSink: sink } = options
  const work: Publish = async (session, term, stop) => {
    const { numbered } = term
    const states = sink && publishUserStates({ session, term, sink, parkTimes, isAnew: true, numbered, stop })
    await Promise.all([publish(session, term, stop), states])
  }
  const { events: lane } = lanes
  return openLane<RelayStatus>(options, {
    lane,
    number: (kysely, ...which) => numberRows(kysely, lane, ...which),
    debounceMs: 5,
    work,
  })
}

/** What is not published is what stands behind the last position that was: rows of lower positions may commit later. */
export function openCursorRelay(options: RelayOptions): Relay {
  return openOtherRelay(options, publishBehindCursor('position', options))
}

/** The same, by the time that is stamped into a row before it commits. */
export function openClockRelay(options: RelayOptions): Relay {
  return openOtherRelay(options, publishBehindCursor('occurred_at', options))
}

function publishBehindCursor(
  column: 'position' | 'occurred_at',
  { sink, batchSize = 50 }: RelayOptions,
): Publish {
  return async ({ kysely }, term, stop) => {
    const { rows } = await sql<{ last: unknown }>`select max(${sql.ref(column)}) as last from outbox
      where published_at is not null`.execute(kysely)
    let cursor = rows[0]?.last ?? (column === 'position' ? 0 : new Date(0))
    while (!stop.aborted) {
      const found = await selectNumbered(kysely)
        .select(column)
        .where(column, '>', cursor as never)
        .orderBy(column)
        .limit(batchSize)
        .execute()
      if (await publishSome(sink.publish, found.map(toNumberedEvent), stop)) {
        for (const { pub_seq } of found) await markPublished(kysely, Number(pub_seq), Number(pub_seq))
        cursor = found.at(-1)?.[column] ?? cursor
      }
      await term.clock.sleep(lookEveryMs, stop)
    }
  }
}

async function publishSome(
  publish: RelayOptions['sink']['publish'],
  events: readonly NumberedEvent[],
  stop: AbortSignal,
): Promise<boolean> {
  if (events.length === 0) return false
  return await publish(events, stop).then(
    () => true,
    () => false,
  )
}

/** Two workers share the rows that nobody has claimed, as SKIP LOCKED would. */
export function openSharedRelay(options: RelayOptions): Relay {
  return openOtherRelay(options, async ({ kysely }, term, stop) => {
    const claimed = new Set<number>()
    const work = async () => {
      while (!stop.aborted) {
        const waiting = await listUnpublished(kysely, 0, 50)
        const own = waiting.filter(({ pubSeq }) => !claimed.has(pubSeq)).slice(0, 2)
        for (const { pubSeq } of own) claimed.add(pubSeq)
        const isPublished = await publishSome(options.sink.publish, own, stop)
        for (const { pubSeq } of own) {
          if (isPublished) await markPublished(kysely, pubSeq, pubSeq)
          claimed.delete(pubSeq)
        }
        await term.clock.sleep(lookEveryMs, stop)
      }
    }
    await Promise.all([work(), work()])
  })
}

/** Numbers are a matter of the leader: the next one gives its own. */
export function openForgetfulRelay(open: typeof openRelay, options: RelayOptions): Relay {
  const { database } = options
  return open({
    ...options,
    database: {
      ...database,
      findLeaderSession: async (lock) => {
        const session = await database.findLeaderSession(lock)
        const isEvents = session !== undefined && lock === lanes.events.lock
        if (isEvents) {
          await session.kysely
            .updateTable('outbox')
            .set({ pub_seq: null, epoch: null })
            .where('published_at', 'is', null)
            .execute()
        }
        return session
      },
    },
  })
}
