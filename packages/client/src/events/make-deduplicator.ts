import type { EventInfo } from './decode-event.ts'

/** Tells events that were handled before. */
export interface Deduplicator {
  /** Whether an event of this user, topic and epoch with this sequence or a later one was marked. Unsequenced events never were. */
  wasHandled(info: EventInfo): boolean
  markHandled(info: EventInfo): void
}

/**
 * Makes a memory of the last sequence handled per (epoch, topic, user) (protocols §1: the first record seen is the baseline). It holds
 * `capacity` users × topics and forgets those longest without an event: a very late duplicate of one of them is then handled again, as
 * at-least-once allows.
 */
export function makeDeduplicator(capacity = 100_000): Deduplicator {
  const last = new Map<string, bigint>()
  return {
    wasHandled(info) {
      const handled = last.get(toKey(info))
      return info.userSequence !== undefined && handled !== undefined && info.userSequence <= handled
    },
    markHandled(info) {
      if (info.userSequence === undefined) return
      const key = toKey(info)
      last.delete(key)
      last.set(key, info.userSequence)
      if (last.size <= capacity) return
      for (const oldest of last.keys()) {
        last.delete(oldest)
        break
      }
    },
  }
}

function toKey({ epoch, topic, key }: EventInfo): string {
  return `${epoch}\n${topic}\n${key}`
}
