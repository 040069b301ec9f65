import type { UserCreated, UserService, UserUpdated } from '@immersiverse/auth-contract'
import type { EventInfo } from '../events/decode-event.ts'
import type { Events, EventsOptions } from '../events/make-events.ts'
import type { GrpcClientOf } from '../grpc/index.ts'
import type { CachedUser } from './cached-user.ts'
import type { UserStateSource } from './user-state-source.ts'

/** What the source is made of. */
export interface ListedSourceOptions {
  readonly client: Pick<GrpcClientOf<typeof UserService>, 'listUsers'>
  /** Begins a consumer, over Kafka or WatchEvents. */
  readonly events: (options: EventsOptions) => Events
  /** Whether `events` reads Kafka, where every instance needs a group of its own. */
  readonly kafka: boolean
  /** A new name for each call. */
  readonly newGroup: () => string
  /** Unix time. */
  readonly nowMs: () => number
}

const pageSize = 500
/** Events from so long before are read again: clocks differ. */
const overlapMs = 5 * 60_000
/** WatchEvents beats every 5 s. */
const watchSilenceMs = 15_000

/**
 * Makes a source of ListUsers and the events `user_created`, `user_updated` and `user_deleted`. Over Kafka each call of `follow` is a consumer
 * group of its own, for every instance needs every event; over WatchEvents it begins with the oldest event kept.
 */
export function makeListedSource(options: ListedSourceOptions): UserStateSource {
  const { client, kafka } = options
  return {
    silenceMs: kafka ? undefined : watchSilenceMs,
    async *list(signal) {
      let pageToken = ''
      do {
        const page = await client.listUsers({ pageSize, pageToken }, { signal })
        pageToken = page.nextPageToken
        yield page.users
      } while (pageToken !== '')
    },
    async follow(changes, signal) {
      const take = (data: UserCreated | UserUpdated, { epoch }: EventInfo) =>
        changes.takeChange(toUser(data), epoch)
      let fail: (error: unknown) => void = () => undefined
      const consumer = options
        .events({
          group: options.newGroup(),
          ...(kafka ? { from: new Date(options.nowMs() - overlapMs) } : {}),
          // Nothing is handed back: another consumer begins anew.
          position: { load: () => undefined, save: () => changes.takeLifeSign() },
          deadLetter: async ({ record }) => changes.takeUnreadable(record.key),
          onError: (error) => fail(error),
        })
        .on('user_created', take)
        .on('user_updated', take)
        .on('user_deleted', ({ userId }, { epoch }) => changes.takeDeleted(userId, epoch))
        .start()
      const ended = new Promise<void>((resolve, reject) => {
        fail = reject
        signal.addEventListener('abort', () => resolve(), { once: true })
        if (signal.aborted) resolve()
      })
      try {
        await ended
      } finally {
        await consumer.close()
      }
    },
  }
}

/** The user as an event tells it. */
function toUser(data: UserCreated | UserUpdated): CachedUser {
  const { userId, userVersion, username, displayName, status, roles, subscriptionTier } = data
  return { id: userId, username, displayName, status, roles, subscriptionTier, version: userVersion }
}
