import type { EventData, EventName } from '@immersiverse/auth-contract'
import type { EventInfo } from './decode-event.ts'
import type { EventOrigin, EventSource } from './event-record.ts'
import { type HandleParts, handleRecord } from './handle-record.ts'
import { makeKeyLanes } from './make-key-lanes.ts'
import { makeOrderedDone } from './make-ordered-done.ts'

/** Handles one event. It may see an event again (at least once); throwing asks for another attempt. */
export type EventHandler<N extends EventName> = (data: EventData<N>, info: EventInfo) => unknown

/** Handlers by the names of events. */
export type EventHandlers = { readonly [N in EventName]?: EventHandler<N> }

/** What is needed to consume. */
export interface ConsumeOptions extends HandleParts {
  readonly source: EventSource
  /** How many users' events are handled at once. */
  readonly concurrency: number
  /** Resolves when a record that has come may be dealt with. */
  readonly awaitTurn: () => Promise<void>
  /** Ends the source: called when a record stops the consumer. */
  readonly abort: () => void
}

/** Records taken from the source that may wait for their turn, for each user that is worked on. */
const waitingPerUser = 16

/**
 * Hands every event of the source to its handler: a user's one after the other in the source's order, several users' at once. A source
 * moves on past a record when that and all before it in its partition are dealt with. Resolves when the signal is aborted or the source ends,
 * after the handlers that run; rejects with UndecodableEventError where there are no dead letters: going on would skip it silently.
 */
export async function consumeEvents(options: ConsumeOptions): Promise<void> {
  const { source, signal, concurrency, awaitTurn, abort } = options
  const lanes = makeKeyLanes({ concurrency, pendingMax: concurrency * waitingPerUser })
  const order = makeOrderedDone()
  let failure: { readonly error: unknown } | undefined
  for await (const item of source) {
    // Here: one that came while nobody could take it waits as well, and closing leaves it to the next consumer.
    await awaitTurn()
    if (signal.aborted) break
    const finish = order.enter(toLine(item.origin, 'topic' in item ? item.topic : ''), () => item.done())
    if (!('topic' in item)) {
      finish()
      continue
    }
    await lanes.add(item.key, async () => {
      try {
        if (await handleRecord(item, options)) finish()
      } catch (error) {
        failure ??= { error }
        abort()
      }
    })
  }
  await lanes.idle()
  await order.flush()
  if (failure !== undefined) throw failure.error
}

/** What a source moves on as one: a partition, or the whole log of WatchEvents. */
function toLine(origin: EventOrigin, topic: string): string {
  return 'position' in origin ? '' : `${topic}:${origin.partition}`
}
