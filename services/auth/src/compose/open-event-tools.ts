import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import { type KafkaSinkOptions, openKafkaSink } from '../events/kafka-sink.ts'
import { type Reconciliation, reconcileEvents } from '../events/reconcile-events.ts'
import { repairTopics } from '../events/repair-topics.ts'
import { replayEvents } from '../events/replay-events.ts'
import { type TailOptions, tailEvents } from '../events/tail-events.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import type { EventSearch } from '../store/search-event-log.ts'
import { openOperator } from './open-operator.ts'
import { systemClock } from './system-clock.ts'
import { toKafkaConnection } from './to-kafka-connection.ts'

/** What an operator does with events. What needs Kafka throws a plain Error where no brokers are configured. */
export interface EventTools extends AsyncDisposable {
  tail(options: TailOptions, signal: AbortSignal): AsyncGenerator<NumberedEvent, void, undefined>
  /** How many were published again. */
  replay(search: EventSearch): Promise<number>
  /** `repaired` is how many were published again, where `repair` asks for it. */
  reconcile(since: Date | undefined, repair: boolean): Promise<Reconciliation & { readonly repaired: number }>
}

const silent: Log = Object.freeze({ info: () => undefined, warn: () => undefined, error: () => undefined })

/** Opens the database and, on first use, Kafka, beside the instances that serve. Throws as `openOperator`. */
export async function openEventTools(config: Config): Promise<EventTools> {
  await using stack = new AsyncDisposableStack()
  const { database } = stack.use(await openOperator(config)).deps
  const opened = stack.move()
  const { signal } = new AbortController()
  return {
    tail: (options, ended) => tailEvents(database, options, systemClock, ended),
    replay: (search) => withSink(config, (sink) => replayEvents(database, sink, search, signal)),
    async reconcile(asked, repair) {
      const { connection, topicPrefix, retentionMs } = toSinkOptions(config)
      // What the brokers may have dropped by their retention is not missing.
      const oldest = systemClock.now().getTime() - retentionMs
      const options = { connection, topicPrefix, since: new Date(Math.max(oldest, asked?.getTime() ?? 0)) }
      const found = await reconcileEvents(database, options)
      if (!repair || found.missing.length === 0) return { ...found, repaired: 0 }
      const repaired = await withSink(config, (sink) => repairTopics(database, sink, found, options, signal))
      return { ...found, repaired }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function withSink<T>(
  config: Config,
  work: (sink: ReturnType<typeof openKafkaSink>) => Promise<T>,
): Promise<T> {
  const sink = openKafkaSink(toSinkOptions(config))
  try {
    return await work(sink)
  } finally {
    await sink.close()
  }
}

function toSinkOptions(config: Config): KafkaSinkOptions {
  const connection = toKafkaConnection(config)
  const { AUTH_TOPIC_PREFIX: topicPrefix, AUTH_ISSUER: source } = config
  if (connection === undefined) throw new Error('KAFKA_BROKERS is not set: there are no topics')
  const retentionMs = config.AUTH_EVENT_RETENTION
  return { connection, topicPrefix, retentionMs, source, log: silent }
}
