import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import {
  type EventName,
  findEventByType,
  toTopic,
  type WatchEventsResponse,
  WatchEventsResponseSchema,
} from '@immersiverse/auth-contract'
import type { Clock } from '../domain/clock.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import type { Database } from '../store/database.ts'
import { type LogEnd, listNumbered, resumeAfter } from '../store/event-log.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import { getDeletedUpTo } from '../store/outbox-retention.ts'
import { toCloudEventAttributes } from './cloud-event-attributes.ts'
import type { LogFollower } from './log-follower.ts'
import { fromPositionText, toPositionText } from './log-position.ts'

/** What {@link makeWatchEvents} needs. */
export interface WatchEventsOptions {
  readonly database: Pick<Database, 'kysely'>
  readonly follower: LogFollower
  readonly clock: Clock
  /** The CloudEvents source: the issuer. */
  readonly source: string
  readonly topicPrefix: string
}

/**
 * Streams numbered events in their order, from a position on, then the new ones as they come, and a heartbeat after 5 s without
 * an event. Reads on as fast as the consumer takes. Ends when `signal` aborts.
 * @throws AuthError INVALID_FIELD for a topic or position that is none; EVENTS_NOT_KEPT where events were deleted that it has not sent, unless it
 *   began with an empty position and has sent nothing yet; DATABASE_UNAVAILABLE.
 */
export type WatchEvents = (
  request: { readonly topics: readonly string[]; readonly afterPosition: string },
  signal: AbortSignal,
) => AsyncGenerator<WatchEventsResponse, void, undefined>

const silenceMs = 5000
const readAtOnce = 200

/** Makes `WatchEvents`. */
export function makeWatchEvents(options: WatchEventsOptions): WatchEvents {
  const { clock, database, follower } = options
  return async function* watchEvents(request, signal) {
    const names = toEventNames(request.topics)
    let after = await resumeAfter(database.kysely, fromPositionText(request.afterPosition))
    // Without a position it begins with the oldest event that is kept, whichever that is.
    let hasBegun = request.afterPosition !== ''
    let heardAt = clock.monotonicMs()
    while (!signal.aborted) {
      const end = await follower.waitBehind(after, heardAt + silenceMs - clock.monotonicMs(), signal)
      if (!end) return
      while (after < end.pubSeq && !signal.aborted) {
        const events = await listNumbered(
          database.kysely,
          { after, upTo: end.pubSeq, limit: readAtOnce },
          names,
        )
        if (hasBegun && !isGapless(events, after, end)) await assertKept(database, after)
        hasBegun = true
        for (const event of events) {
          if (signal.aborted) return
          yield toResponse(event, options)
          heardAt = clock.monotonicMs()
        }
        after = events.length < readAtOnce ? end.pubSeq : (events.at(-1)?.pubSeq ?? end.pubSeq)
      }
      if (signal.aborted || clock.monotonicMs() - heardAt < silenceMs) continue
      yield toHeartbeat(end)
      heardAt = clock.monotonicMs()
    }
  }
}

/** Whether these are all events behind a number; where only some kinds were asked for, that is not known. */
function isGapless(events: readonly NumberedEvent[], after: number, end: LogEnd): boolean {
  const last = events.at(-1)?.pubSeq ?? after
  return last - after === events.length && (last === end.pubSeq || events.length === readAtOnce)
}

/** To be asked after events were read: what was deleted before is marked by then. */
async function assertKept({ kysely }: WatchEventsOptions['database'], after: number): Promise<void> {
  if ((await getDeletedUpTo(kysely)) > after) throw new AuthError('EVENTS_NOT_KEPT')
}

function toEventNames(topics: readonly string[]): EventName[] | undefined {
  if (topics.length === 0) return undefined
  return topics.map((topic) => {
    const name = findEventByType(topic)
    if (!name) throw invalidField('topics', 'must be topics such as auth.events.user_created')
    return name
  })
}

function toResponse(event: NumberedEvent, options: WatchEventsOptions): WatchEventsResponse {
  return toItem({
    case: 'event',
    value: {
      position: toPositionText(event),
      topic: toTopic(event.event, options.topicPrefix),
      key: event.key,
      attributes: toCloudEventAttributes(event, options.source),
      contentType: event.contentType,
      data: event.data,
    },
  })
}

/** Every event up to `end` was sent, or was of a kind that was not asked for. */
function toHeartbeat(end: LogEnd): WatchEventsResponse {
  return toItem({
    case: 'heartbeat',
    value: { position: toPositionText(end), asOf: timestampFromDate(end.asOf) },
  })
}

function toItem(
  item: MessageInitShape<typeof WatchEventsResponseSchema>['item'] & object,
): WatchEventsResponse {
  return create(WatchEventsResponseSchema, { item })
}
