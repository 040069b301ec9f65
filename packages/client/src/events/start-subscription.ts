import type { Logger } from '../logger.ts'
import { consumeEvents, type EventHandlers } from './consume-events.ts'
import type { EventSource } from './event-record.ts'

/** How a consumer is. */
export interface SubscriptionStatus {
  /** `failed`: stopped for good by `error`, such as a record that cannot be decoded. */
  readonly state: 'running' | 'failed' | 'closed'
  /** Events handled since the start. */
  readonly handled: number
  /** Events dropped as duplicates since the start. */
  readonly duplicates: number
  readonly error: unknown
}

/** A running consumer. */
export interface EventSubscription extends AsyncDisposable {
  status(): SubscriptionStatus
  /** Resolves when the event at hand is handled and what is done is committed; gives up the waits between retries. Idempotent. */
  close(): Promise<void>
}

/** What a subscription is made of. */
export interface SubscriptionParts {
  readonly open: (signal: AbortSignal) => EventSource
  readonly handlers: EventHandlers
  readonly logger: Logger
  readonly group: string
  readonly running: Set<AsyncDisposable>
  readonly onError: ((error: unknown) => void) | undefined
}

/** Starts consuming in the background and answers at once. */
export function startSubscription(parts: SubscriptionParts): EventSubscription {
  const { handlers, logger, group, running, onError } = parts
  const closing = new AbortController()
  const { signal } = closing
  let status: SubscriptionStatus = { state: 'running', handled: 0, duplicates: 0, error: undefined }

  const onEvent = (isDuplicate: boolean): void => {
    const { handled, duplicates } = status
    status = isDuplicate ? { ...status, duplicates: duplicates + 1 } : { ...status, handled: handled + 1 }
  }
  const ended = consumeEvents({ source: parts.open(signal), handlers, signal, logger, onEvent }).then(
    () => {
      status = { ...status, state: 'closed' }
    },
    (error: unknown) => {
      status = { ...status, state: 'failed', error }
      logger.error({ err: error, group }, 'the consumer of events has stopped')
      onError?.(error)
    },
  )
  const close = async (): Promise<void> => {
    closing.abort()
    await ended
    running.delete(subscription)
  }
  const subscription: EventSubscription = { status: () => status, close, [Symbol.asyncDispose]: close }
  running.add(subscription)
  return subscription
}
