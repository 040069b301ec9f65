import type { Kysely } from 'kysely'
import type { Clock } from '../domain/clock.ts'
import { notifyOutbox } from '../store/outbox.ts'
import type { Schema } from '../store/schema.ts'

/** Wakes the leader in another process. */
export interface Notifier {
  /** Sends one notification for all calls of the next few milliseconds. */
  notify(): void
}

const debounceMs = 5

/** Makes the notifier of one process. A notification that fails is not repeated: the leader looks every second anyway. */
export function makeNotifier(kysely: Kysely<Schema>, clock: Clock): Notifier {
  let isWaiting = false
  const send = async () => {
    await clock.sleep(debounceMs)
    isWaiting = false
    await notifyOutbox(kysely)
  }
  return {
    notify() {
      if (isWaiting) return
      isWaiting = true
      send().catch(() => undefined)
    },
  }
}
