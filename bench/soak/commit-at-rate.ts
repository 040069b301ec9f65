import { setTimeout as sleep } from 'node:timers/promises'
import type { EventWriter } from '../events/open-event-writer.ts'

/** Events on their way into the outbox. */
export interface Committing {
  readonly counted: { readonly count: number }
  /** Resolves when `stop` has aborted and the last commit was answered. Rejects with what a commit failed with. */
  readonly ended: Promise<void>
}

const eventsMost = 50

/** Commits so many events a second, in transactions of up to 50, until `stop`. What is late is made up for. */
export function commitAtRate(writer: EventWriter, eventsPerSecond: number, stop: AbortSignal): Committing {
  const counted = { count: 0 }
  const size = Math.min(eventsMost, Math.max(1, Math.round(eventsPerSecond / 20)))
  const everyMs = (1_000 * size) / eventsPerSecond
  const begunAtMs = performance.now()
  let next = 0
  const commitOn = async (place: number) => {
    while (!stop.aborted) {
      const dueMs = begunAtMs + everyMs * next++
      if (dueMs > performance.now()) await sleep(dueMs - performance.now())
      counted.count += (await writer.commit(place, size)).length
    }
  }
  const places = Array.from({ length: writer.places }, (_, place) => commitOn(place))
  const ended = Promise.all(places).then(() => undefined)
  // It is awaited at the end; until then a failure must not end the process unexplained.
  ended.catch(() => undefined)
  return { counted, ended }
}
