import type { Kysely } from 'kysely'
import type { Clock } from '../domain/clock.ts'
import { type Lane, notifyLane } from '../store/lanes.ts'
import type { Schema } from '../store/schema.ts'

/** Wakes the leader in another process. */
export interface Notifier {
  /** Sends one notification for all calls of the next few milliseconds. */
  notify(): void
}

/** Makes a lane's notifier in one process. A notification that fails is not repeated: the leader looks every second anyway. */
export function makeNotifier(
  kysely: Kysely<Schema>,
  clock: Clock,
  { lane, debounceMs }: { readonly lane: Lane; readonly debounceMs: number },
): Notifier {
  let isWaiting = false
  const send = async () => {
    await clock.sleep(debounceMs)
    isWaiting = false
    await notifyLane(kysely, lane)
  }
  return {
    notify() {
      if (isWaiting) return
      isWaiting = true
      send().catch(() => undefined)
    },
  }
}
