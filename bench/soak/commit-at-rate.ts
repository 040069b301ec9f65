import { setTimeout as sleep } from 'node:timers/promises'
import type { EventWriter } from '../events/open-event-writer.ts'

/** How fast, who hears of it, and until when. */
export interface CommitOptions {
  readonly eventsPerSecond: number
  readonly onCommitted: (ids: readonly string[]) => void
  readonly stop: AbortSignal
}

const eventsMost = 50

/**
 * Commits so many events a second, in transactions of up to 50, until `stop` has aborted and the last was answered. What is late is made up for.
 * Rejects with what a commit failed with.
 */
export function commitAtRate(
  writer: EventWriter,
  { eventsPerSecond, onCommitted, stop }: CommitOptions,
): Promise<void> {
  const size = Math.min(eventsMost, Math.max(1, Math.round(eventsPerSecond / 20)))
  const everyMs = (1_000 * size) / eventsPerSecond
  const begunAtMs = performance.now()
  let next = 0
  const commitOn = async (place: number) => {
    while (!stop.aborted) {
      const dueMs = begunAtMs + everyMs * next++
      if (dueMs > performance.now()) await sleep(dueMs - performance.now())
      onCommitted(await writer.commit(place, size))
    }
  }
  const places = Array.from({ length: writer.places }, (_, place) => commitOn(place))
  const ended = Promise.all(places).then(() => undefined)
  // It is awaited when the time is over; until then a failure must not end the process unexplained.
  ended.catch(() => undefined)
  return ended
}
