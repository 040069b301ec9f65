import type { Logger } from '../logger.ts'
import { consumeEvents, type EventHandlers } from './consume-events.ts'
import type { EventSource } from './event-record.ts'
import type { EventCounts, HandleParts } from './handle-record.ts'
import { makeSequenceMemory } from './make-sequence-memory.ts'

/** How a consumer is. */
export interface SubscriptionStatus extends Readonly<EventCounts> {
  /** `failed`: stopped for good by `error`, such as a record that cannot be decoded where there are no dead letters. */
  readonly state: 'running' | 'paused' | 'failed' | 'closed'
  readonly error: unknown
}

/** A running consumer. */
export interface EventSubscription extends AsyncDisposable {
  status(): SubscriptionStatus
  /** Takes no further events until `resume`; what was taken is handled. The consumer keeps its place in the group. */
  pause(): void
  resume(): void
  /** Resolves when the handlers that run have ended and what is done is committed; gives up the waits between retries. Idempotent. */
  close(): Promise<void>
}

/** What a subscription is made of. */
export interface SubscriptionParts extends Pick<HandleParts, 'retry' | 'sendDeadLetter' | 'from' | 'onGap'> {
  readonly open: (signal: AbortSignal) => EventSource
  readonly handlers: EventHandlers
  readonly concurrency: number
  readonly logger: Logger
  readonly group: string
  readonly running: Set<AsyncDisposable>
  readonly onError: ((error: unknown) => void) | undefined
  /** Called when it has ended: closes what was opened for it. */
  readonly onEnd: () => Promise<void>
}

/** Starts consuming in the background and answers at once. */
export function startSubscription(parts: SubscriptionParts): EventSubscription {
  const { logger, group, running, onError, onEnd } = parts
  const closing = new AbortController()
  const { signal } = closing
  const turn = makeTurn(signal)
  const counts: EventCounts = { handled: 0, duplicates: 0, failures: 0, deadLetters: 0, gaps: 0 }
  let end: Pick<SubscriptionStatus, 'state' | 'error'> | undefined

  const consuming = consumeEvents({
    ...parts,
    source: parts.open(signal),
    memory: makeSequenceMemory(),
    counts,
    signal,
    awaitTurn: turn.await,
    abort: () => closing.abort(),
  })
  const ended = consuming.then(
    () => {
      end = { state: 'closed', error: undefined }
    },
    (error: unknown) => {
      end = { state: 'failed', error }
      logger.error({ err: error, group }, 'the consumer of events has stopped')
      onError?.(error)
    },
  )
  const close = async (): Promise<void> => {
    closing.abort()
    await ended
    await onEnd()
    running.delete(subscription)
  }
  const subscription: EventSubscription = {
    status: () => ({
      ...counts,
      ...(end ?? { state: turn.isPaused() ? 'paused' : 'running', error: undefined }),
    }),
    pause: turn.pause,
    resume: turn.resume,
    close,
    [Symbol.asyncDispose]: close,
  }
  running.add(subscription)
  return subscription
}

/** A gate before each event; closing opens it for good. */
function makeTurn(signal: AbortSignal) {
  let isPaused = false
  let waiting: (() => void) | undefined
  const resume = (): void => {
    isPaused = false
    waiting?.()
  }
  signal.addEventListener('abort', resume, { once: true })
  return {
    pause: (): void => {
      isPaused = !signal.aborted
    },
    resume,
    isPaused: () => isPaused,
    await: async (): Promise<void> => {
      while (isPaused) {
        await new Promise<void>((resolve) => {
          waiting = resolve
        })
      }
    },
  }
}
