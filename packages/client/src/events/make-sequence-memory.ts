import type { EventInfo } from './decode-event.ts'

/** What is known of an event before it is handled. */
export interface SequenceVerdict {
  /** It, or a later one of its user on its topic, was handled before. */
  readonly isDuplicate: boolean
  /** The last one handled, where events between that and this one were never seen; else undefined. */
  readonly gapAfter: bigint | undefined
}

/** Remembers how far each user's events were handled. */
export interface SequenceMemory {
  judge(info: EventInfo): SequenceVerdict
  markHandled(info: EventInfo): void
}

/**
 * Makes a memory of the last sequence handled per (epoch, topic, user) (protocols §1: the first record seen is the baseline). It holds
 * `capacity` users × topics and forgets those longest without an event: a very late duplicate of one of them is then handled again, as
 * at-least-once allows. Events without a sequence are never duplicates here.
 */
export function makeSequenceMemory(capacity = 100_000): SequenceMemory {
  const last = new Map<string, bigint>()
  return {
    judge(info) {
      const handled = last.get(toKey(info))
      const { userSequence, topicPrevious } = info
      if (userSequence === undefined || handled === undefined) {
        return { isDuplicate: false, gapAfter: undefined }
      }
      const isDuplicate = userSequence <= handled
      const isGap = !isDuplicate && topicPrevious !== undefined && topicPrevious > handled
      return { isDuplicate, gapAfter: isGap ? handled : undefined }
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
