import { randomBytes } from 'node:crypto'
import { systemClock } from '../../services/auth/src/compose/system-clock.ts'
import type { UserId } from '../../services/auth/src/domain/ids.ts'
import { toUuidV7 } from '../../services/auth/src/domain/uuid.ts'
import { makeNotifier } from '../../services/auth/src/events/notifier.ts'
import { lanes, notifyLane } from '../../services/auth/src/store/lanes.ts'
import { openPostgres } from '../../services/auth/src/store/postgres.ts'
import { makeWrite } from '../../services/auth/src/store/write.ts'

/** Commits events as a replica does that is not the relay's leader. */
export interface EventWriter extends AsyncDisposable {
  /** Transactions that can be under way at a time: each has users of its own, whose sequences it locks. */
  readonly places: number
  /** Commits so many events in one transaction and returns the ids that their handlers see. */
  commit(place: number, events: number): Promise<readonly string[]>
}

const places = 8
const debounceMs = 5
const origin = { ip: '127.0.0.1', userAgent: 'bench' }

/** Opens a pool of its own, with the service's own code for outbox and notification. */
export function openEventWriter(url: string, userIds: readonly string[]): EventWriter {
  const database = openPostgres({ url, poolSize: places, onError: () => undefined })
  const newId = () => toUuidV7(Date.now(), randomBytes(10))
  const send = () => notifyLane(database.kysely, lanes.events)
  const { notify } = makeNotifier(systemClock, { send, debounceMs })
  const write = makeWrite({
    database,
    encoding: 'json',
    newId,
    coverMs: 0,
    onCommitted: notify,
    onRevoked: () => undefined,
  })
  const own = Array.from({ length: places }, (_, place) => userIds.filter((_id, n) => n % places === place))
  const next = own.map(() => 0)
  return {
    places,
    async commit(place, events) {
      const users = own[place] ?? []
      const sessions = Array.from({ length: events }, () => {
        const n = next[place] ?? 0
        next[place] = n + 1
        return { userId: users[n % users.length] as UserId, sessionId: newId() }
      })
      await write(origin, async (_trx, announce) => {
        await announce(
          ...sessions.map(({ userId, sessionId }) => ({
            name: 'login_succeeded' as const,
            userId,
            data: { userId, userVersion: 1n, sessionId, clientId: 'web', ...origin },
          })),
        )
      })
      return sessions.map(({ sessionId }) => sessionId)
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}
