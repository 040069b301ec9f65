import type { EventInfo } from './decode-event.ts'

/** What is known of an event before it is handled. */
export interface SequenceVerdict {
  /** It, or a later one of its user on its topic, was handled before. */
  readonly isDuplicate: boolean
  /** The last one handled, where events between that and this one were never seen by anybody; else undefined. */
  readonly gapAfter: bigint | undefined
}

/** Remembers how far each user's events were handled. */
export interface SequenceMemory {
  /** `tenure`: that of the event's record. */
  judge(info: EventInfo, tenure?: number): SequenceVerdict
  markHandled(info: EventInfo, tenure?: number): void
}

/**
 * Makes a memory of the last sequence handled per (epoch, topic, user) (protocols §1: the first record seen is the baseline). It holds
 * `capacity` users × topics and forgets those longest without an event: a very late duplicate of one of them is then handled again, as
 * at-least-once allows. Events without a sequence are never duplicates here. Between two tenures of a partition another consumer has handled
 * some, so that only within one they are missed.
 */
export function makeSequenceMemory(capacity = 100_000): SequenceMemory {
  const last = new Map<string, { readonly sequence: bigint; readonly tenure: number | undefined }>()
  return {
    judge(info, tenure) {
      const handled = last.get(toKey(info))
      const { userSequence, topicPrevious } = info
      if (userSequence === undefined || handled === undefined) {
        return { isDuplicate: false, gapAfter: undefined }
      }
      const isDuplicate = userSequence <= handled.sequence
      const isGap =
        !isDuplicate &&
        tenure === handled.tenure &&
        topicPrevious !== undefined &&
        topicPrevious > handled.sequence
      return { isDuplicate, gapAfter: isGap ? handled.sequence : undefined }
    },
    markHandled(info, tenure) {
      if (info.userSequence === undefined) return
      const key = toKey(info)
      last.delete(key)
      last.set(key, { sequence: info.userSequence, tenure })
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
