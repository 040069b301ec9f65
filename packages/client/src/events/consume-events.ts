import type { EventData, EventName } from '@immersiverse/auth-contract'
import type { Logger } from '../logger.ts'
import { decodeEvent, type EventInfo } from './decode-event.ts'
import type { EventSource } from './event-record.ts'
import { makeDeduplicator } from './make-deduplicator.ts'
import { retryForever } from './retry-forever.ts'

/** Handles one event. It may see an event again (at least once); throwing asks for another attempt. */
export type EventHandler<N extends EventName> = (data: EventData<N>, info: EventInfo) => unknown

/** Handlers by the names of events. */
export type EventHandlers = { readonly [N in EventName]?: EventHandler<N> }

/** What is needed to consume. */
export interface ConsumeOptions {
  readonly source: EventSource
  readonly handlers: EventHandlers
  readonly signal: AbortSignal
  readonly logger: Logger
  /** Called when an event has been handled or dropped as a duplicate. */
  readonly onEvent: (isDuplicate: boolean) => void
}

/**
 * Hands every event of the source to its handler, one at a time in the source's order, and marks it done afterwards. A handler that throws
 * is called again, with backoff, for ever; the events behind it wait. Resolves when the signal is aborted or the source ends; rejects with
 * UndecodableEventError at a record that is no event: going on would skip it silently.
 */
export async function consumeEvents(options: ConsumeOptions): Promise<void> {
  const { source, handlers, signal, onEvent } = options
  const deduplicator = makeDeduplicator()
  for await (const record of source) {
    if (signal.aborted) return
    const { name, data, info } = decodeEvent(record)
    const handler = handlers[name] as EventHandler<EventName> | undefined
    const isDuplicate = deduplicator.wasHandled(info)
    if (handler !== undefined && !isDuplicate) {
      if (!(await handle(options, name, info, () => handler(data, info)))) return
      deduplicator.markHandled(info)
    }
    await record.done()
    onEvent(isDuplicate)
  }
}

/** Whether the handler succeeded; false when the consumer was closed before it did. */
function handle(
  options: ConsumeOptions,
  name: EventName,
  info: EventInfo,
  work: () => unknown,
): Promise<boolean> {
  const { id, topic, key, origin } = info
  return retryForever(work, {
    firstMs: 100,
    maxMs: 30_000,
    signal: options.signal,
    onFailure: (err, attempt) =>
      options.logger.error(
        { err, attempt, event: name, id, topic, key, ...origin },
        'an event handler failed',
      ),
  })
}
