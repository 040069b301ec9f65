import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Caller } from '../domain/caller.ts'
import type { UserId } from '../domain/ids.ts'
import { type KafkaSinkOptions, openKafkaSink } from '../events/kafka-sink.ts'
import { type Reconciliation, reconcileEvents } from '../events/reconcile-events.ts'
import { repairTopics } from '../events/repair-topics.ts'
import { replayEvents } from '../events/replay-events.ts'
import { type TailOptions, tailEvents } from '../events/tail-events.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import type { EventSearch } from '../store/search-event-log.ts'
import { readKafkaConnection } from './open-kafka-connection.ts'
import { openOperator } from './open-operator.ts'
import { systemClock } from './system-clock.ts'

/** What an operator does with events. What needs Kafka throws a plain Error where no brokers are configured. */
export interface EventTools extends AsyncDisposable {
  tail(options: TailOptions, signal: AbortSignal): AsyncGenerator<NumberedEvent, void, undefined>
  /** How many were published again. The audit trail has it before it begins. */
  replay(caller: Caller, search: EventSearch): Promise<number>
  /** `repaired` is how many were published again, where `repair` asks for it; the audit trail has that before it begins. */
  reconcile(
    caller: Caller,
    since: Date | undefined,
    repair: boolean,
  ): Promise<Reconciliation & { readonly repaired: number }>
}

const silent: Log = Object.freeze({ info: () => undefined, warn: () => undefined, error: () => undefined })

/** Opens the database and, on first use, Kafka, beside the instances that serve. Throws as `openOperator`. */
export async function openEventTools(config: Config): Promise<EventTools> {
  await using stack = new AsyncDisposableStack()
  const { database, write } = stack.use(await openOperator(config)).deps
  const note = async (caller: Caller, entry: AuditEntry) =>
    await write(caller.origin, async (_trx, _announce, _revoke, record) => await record(caller, entry))
  const opened = stack.move()
  const { signal } = new AbortController()
  return {
    tail: (options, ended) => tailEvents(database, options, systemClock, ended),
    replay: (caller, search) =>
      withSink(config, async (sink) => {
        await note(caller, toReplayEntry(search))
        return await replayEvents(database, sink, search, signal)
      }),
    async reconcile(caller, asked, repair) {
      const { connection, topicPrefix, retentionMs } = await readSinkOptions(config)
      // What the brokers may have dropped by their retention is not missing.
      const oldest = systemClock.now().getTime() - retentionMs
      const since = new Date(Math.max(oldest, asked?.getTime() ?? 0))
      const options = { connection, topicPrefix, since, outboxRetentionMs: config.AUTH_OUTBOX_RETENTION }
      const found = await reconcileEvents(database, options)
      if (!repair || found.missing.length === 0) return { ...found, repaired: 0 }
      await note(caller, { action: 'event.repair', target: { kind: 'events', id: '' } })
      const repaired = await withSink(config, (sink) => repairTopics(database, sink, found, options, signal))
      return { ...found, repaired }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The target is what it was narrowed to by time. */
function toReplayEntry({ userId, since }: EventSearch): AuditEntry {
  const target = { kind: 'events', id: since === undefined ? '' : `since ${since.toISOString()}` } as const
  return { action: 'event.replay', target, ...(userId === undefined ? {} : { userId: userId as UserId }) }
}

async function withSink<T>(
  config: Config,
  work: (sink: ReturnType<typeof openKafkaSink>) => Promise<T>,
): Promise<T> {
  const sink = openKafkaSink(await readSinkOptions(config))
  try {
    return await work(sink)
  } finally {
    await sink.close()
  }
}

async function readSinkOptions(config: Config): Promise<KafkaSinkOptions> {
  const connection = await readKafkaConnection(config)
  const { AUTH_TOPIC_PREFIX: topicPrefix, AUTH_ISSUER: source } = config
  if (connection === undefined) throw new Error('KAFKA_BROKERS is not set: there are no topics')
  const retentionMs = config.AUTH_EVENT_RETENTION
  return { connection, topicPrefix, retentionMs, source, log: silent }
}
