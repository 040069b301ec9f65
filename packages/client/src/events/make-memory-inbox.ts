import type { EventInfo } from './decode-event.ts'

/** Knows which events were handled, for services whose state is in memory too: it lives and dies with it. */
export interface MemoryInbox {
  /** Does the work unless it was done for this event before; resolves to whether it did. An event whose work fails was not handled. */
  once(info: Pick<EventInfo, 'eventId'>, work: () => unknown): Promise<boolean>
}

/** Makes an inbox that remembers the latest `capacity` events: about 100 bytes each. */
export function makeMemoryInbox(capacity = 1_000_000): MemoryInbox {
  const handled = new Set<string>()
  return {
    async once({ eventId }, work) {
      if (handled.has(eventId)) return false
      await work()
      handled.add(eventId)
      if (handled.size > capacity) {
        for (const oldest of handled) {
          handled.delete(oldest)
          break
        }
      }
      return true
    },
  }
}
