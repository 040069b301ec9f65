import type { EventName, UserCreated, UserService, UserUpdated } from '@immersiverse/auth-contract'
import { type DecodedEvent, decodeEvent } from '../events/decode-event.ts'
import type { EventRecord, EventSource } from '../events/event-record.ts'
import type { GrpcClientOf } from '../grpc/index.ts'
import type { CachedUser } from './cached-user.ts'
import type { UserChanges, UserStateSource } from './user-state-source.ts'

/** What the source is made of. */
export interface ListedSourceOptions {
  readonly client: Pick<GrpcClientOf<typeof UserService>, 'listUsers'>
  /** Opens the events of these names, from before now on. */
  readonly openEvents: (names: readonly EventName[], signal: AbortSignal) => EventSource
  /** Within which the events give a sign of life; undefined where they give none. */
  readonly silenceMs: number | undefined
}

const pageSize = 500
const names = Object.freeze(['user_created', 'user_updated', 'user_deleted'] as const)

/** Makes a source of ListUsers and the events `user_created`, `user_updated` and `user_deleted`. */
export function makeListedSource({ client, openEvents, silenceMs }: ListedSourceOptions): UserStateSource {
  return {
    silenceMs,
    async *list(signal) {
      let pageToken = ''
      do {
        const page = await client.listUsers({ pageSize, pageToken }, { signal })
        pageToken = page.nextPageToken
        yield page.users
      } while (pageToken !== '')
    },
    async follow(changes, signal) {
      for await (const item of openEvents(names, signal)) {
        // Heartbeats too: they come again and again with the same position while nothing happens.
        changes.takeLifeSign()
        if ('topic' in item) takeRecord(item, changes)
        void item.done()
      }
      if (!signal.aborted) throw new Error('the events have ended')
    },
  }
}

/** What cannot be read is of no harm to others: this user is asked for. */
function takeRecord(record: EventRecord, changes: UserChanges): void {
  let event: DecodedEvent
  try {
    event = decodeEvent(record)
  } catch {
    changes.takeUnreadable(record.key)
    return
  }
  const { data, info, name } = event
  if (name === 'user_deleted') changes.takeDeleted(data.userId, info.epoch)
  else if (name === 'user_created' || name === 'user_updated') {
    changes.takeChange(toUser(data as UserCreated | UserUpdated), info.epoch)
  }
}

/** The user as an event tells it. */
function toUser(data: UserCreated | UserUpdated): CachedUser {
  const { userId, userVersion, username, displayName, status, roles, subscriptionTier } = data
  return { id: userId, username, displayName, status, roles, subscriptionTier, version: userVersion }
}
