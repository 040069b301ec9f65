import type { NumberedEvent } from '../store/outbox.ts'
import { RefusedError } from './sink.ts'

/** By key: the event that was refused for good, and why. */
export type Refusals = Map<string, { readonly event: NumberedEvent; readonly reason: string }>

/**
 * Publishes events in their order, and finds by halving which of them are refused for good; these go into `refusals`, and nothing of their
 * keys is published behind them. Where a topic is at fault, its other events are refused without being asked for. Returns what was published,
 * in order, or undefined as soon as `publish` answers false.
 */
export async function publishAcceptable(
  events: readonly NumberedEvent[],
  refusals: Refusals,
  publish: (events: readonly NumberedEvent[]) => Promise<boolean>,
): Promise<NumberedEvent[] | undefined> {
  const refusedTopics = new Map<string, string>()

  function withoutRefused(some: readonly NumberedEvent[]): NumberedEvent[] {
    return some.filter((event) => {
      const reason = refusedTopics.get(event.event)
      if (reason !== undefined && !refusals.has(event.key)) refusals.set(event.key, { event, reason })
      return !refusals.has(event.key)
    })
  }

  async function attempt(some: readonly NumberedEvent[]): Promise<NumberedEvent[] | undefined> {
    const [first] = some
    if (first === undefined) return []
    try {
      return (await publish(some)) ? [...some] : undefined
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      if (some.length > 1) return await attemptHalves(some)
      refusals.set(first.key, { event: first, reason: error.message })
      if (error.isOfTopic) refusedTopics.set(first.event, error.message)
      return []
    }
  }

  async function attemptHalves(some: readonly NumberedEvent[]): Promise<NumberedEvent[] | undefined> {
    const middle = some.length >> 1
    const before = await attempt(withoutRefused(some.slice(0, middle)))
    const after = before && (await attempt(withoutRefused(some.slice(middle))))
    return before && after && [...before, ...after]
  }

  return await attempt(events)
}
