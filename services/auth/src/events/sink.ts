import type { NumberedEvent } from '../store/outbox.ts'

/** Where the relay takes events to. */
export interface EventSink {
  /** Makes ready what publishing needs, such as topics; the relay calls it in every term, again until it succeeds. */
  prepare(signal: AbortSignal): Promise<void>
  /**
   * Resolves once all events are where they belong, for good and in this order. Rejects when that is not known of some, or when
   * `signal` aborts; nothing of the call is on its way any more then, so the caller may begin again with the first: duplicates
   * are allowed, gaps and another order are not. One call at a time.
   * @throws RefusedError when one of them would be refused again and again.
   */
  publish(events: readonly NumberedEvent[], signal: AbortSignal): Promise<void>
  /** Ends connections, in bounded time. */
  close(): Promise<void>
}

/** At least one of the events is not taken, today or tomorrow, as long as nobody changes the broker's settings. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  /** Whether the topic is at fault, and so every event that goes there is refused. */
  readonly isOfTopic: boolean

  constructor(reason: string, options: { readonly isOfTopic: boolean; readonly cause?: unknown }) {
    super(reason, { cause: options.cause })
    this.isOfTopic = options.isOfTopic
  }
}
