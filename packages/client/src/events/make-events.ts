import { type EventName, type EventService, eventCatalogue } from '@immersiverse/auth-contract'
import type { GrpcClientOf } from '../grpc/make-grpc-client.ts'
import type { Logger } from '../logger.ts'
import type { EventHandler, EventHandlers } from './consume-events.ts'
import type { SendDeadLetter } from './dead-letter.ts'
import type { EventInfo } from './decode-event.ts'
import type { EventSource } from './event-record.ts'
import type { RetryOptions } from './handle-record.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { openDeadLetters } from './open-dead-letters.ts'
import { openKafkaSource } from './open-kafka-source.ts'
import { openWatchSource, type PositionStore } from './open-watch-source.ts'
import { type EventSubscription, startSubscription } from './start-subscription.ts'

/** How events are consumed. */
export interface EventsOptions {
  /** The consumer group, usually the service's name: instances with one group share the events. WatchEvents has no groups. */
  readonly group: string
  /**
   * Where a group starts that has not committed anything; default `beginning`, so that nothing is missed. A Date: with the first event of that
   * time or later.
   */
  readonly from?: 'beginning' | 'latest' | Date
  /** How many users' events are handled at once; default 16. Each user's are handled one after the other. */
  readonly concurrency?: number
  /** When a handler that throws is called again, and when no more. */
  readonly retry?: RetryOptions
  /**
   * Takes events that cannot be handled, instead of `auth.events.dlq`; without Kafka there are no dead letters but by this. It may reject: it
   * is called again, and the consumer does not move on before.
   */
  readonly deadLetter?: SendDeadLetter
  /**
   * Called before an event is handled of whose user and topic earlier ones were never seen, such as after the topic's retention; `after` is the
   * number of the last one handled. The event waits for what it returns. Throwing is like throwing in the handler, which is called when it
   * has succeeded.
   */
  readonly onGap?: (info: EventInfo, after: bigint) => unknown
  /** Kafka: `consumer` is the group protocol of KIP-848, which needs Kafka 4.0; default `classic`. */
  readonly groupProtocol?: 'classic' | 'consumer'
  /**
   * Kafka, `classic`: how long a member that died without leaving holds its partitions; default 10,000. The brokers bound it, by default
   * to 6,000 and more; with KIP-848 they alone decide. A process that stops for longer loses its partitions to the others.
   */
  readonly sessionTimeoutMs?: number
  /** WatchEvents: where the position is kept. Ignored with Kafka, which keeps it in the group. */
  readonly position?: PositionStore
  /** Called once when the consumer stops for good, after it is logged. */
  readonly onError?: (error: unknown) => void
}

/** What consumers are made of. */
export interface EventsParts {
  readonly watch: Pick<GrpcClientOf<typeof EventService>, 'watchEvents'>
  readonly kafka: KafkaOptions | undefined
  readonly logger: Logger
  /** Holds every running consumer, so that closing the client closes them. */
  readonly running: Set<AsyncDisposable>
}

/** A consumer of events that has not started. */
export interface Events {
  /** Sets the handler of an event; throws TypeError for a second one, an unknown name, or after `start`. */
  on<N extends EventName>(name: N, handler: EventHandler<N>): Events
  /** Starts consuming in the background. Throws TypeError without handlers, and without `position` where there is no Kafka. */
  start(): EventSubscription
}

/** Begins a consumer: over Kafka where it is configured, else over WatchEvents; handlers are the same. */
export function makeEvents(parts: EventsParts, options: EventsOptions): Events {
  const handlers: { -readonly [N in EventName]?: EventHandler<N> } = {}
  let isStarted = false
  const events: Events = {
    on(name, handler) {
      if (isStarted) throw new TypeError('the consumer has started')
      if (!Object.hasOwn(eventCatalogue, name)) throw new TypeError(`there is no event ${name}`)
      if (handlers[name] !== undefined) throw new TypeError(`${name} has a handler already`)
      Object.assign(handlers, { [name]: handler })
      return events
    },
    start() {
      if (isStarted) throw new TypeError('the consumer has started')
      const open = chooseSource(parts, options, handlers)
      isStarted = true
      return startSubscription({ ...parts, ...toHandling(parts, options), handlers, open })
    },
  }
  return events
}

function toHandling({ kafka }: EventsParts, options: EventsOptions) {
  const { group, from, concurrency = 16, retry = {}, deadLetter, onGap, onError } = options
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new TypeError('concurrency must be at least 1')
  const letters = kafka && deadLetter === undefined ? openDeadLetters(kafka, group) : undefined
  return {
    group,
    from: from instanceof Date ? from : undefined,
    concurrency,
    retry,
    sendDeadLetter: deadLetter ?? letters?.send,
    onGap,
    onError,
    onEnd: async () => letters?.[Symbol.asyncDispose](),
  }
}

function chooseSource(
  { watch, kafka, logger }: EventsParts,
  {
    group,
    from = 'beginning',
    position,
    groupProtocol = 'classic',
    sessionTimeoutMs = 10_000,
  }: EventsOptions,
  handlers: EventHandlers,
): (signal: AbortSignal) => EventSource {
  const names = Object.keys(handlers) as EventName[]
  if (names.length === 0) throw new TypeError('no event has a handler')
  if (from instanceof Date && Number.isNaN(from.getTime())) throw new TypeError('from is no date')
  if (sessionTimeoutMs !== undefined && !(Number.isSafeInteger(sessionTimeoutMs) && sessionTimeoutMs > 0))
    throw new TypeError('sessionTimeoutMs must be at least 1')
  if (kafka !== undefined) {
    const member = { group, groupProtocol, sessionTimeoutMs }
    return (signal) => openKafkaSource({ kafka, ...member, names, from, signal, logger })
  }
  if (position === undefined) throw new TypeError('without Kafka, events need position: { load, save }')
  if (from === 'latest') throw new TypeError("without Kafka, events cannot start from 'latest'")
  return (signal) => openWatchSource({ client: watch, names, position, signal, logger })
}
