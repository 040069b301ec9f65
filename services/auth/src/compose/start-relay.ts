import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import type { Clock } from '../domain/clock.ts'
import { openKafkaSink } from '../events/kafka-sink.ts'
import { makeLogSink } from '../events/log-sink.ts'
import { openRelay, type Relay } from '../events/relay.ts'
import type { EventSink } from '../events/sink.ts'
import type { Database } from '../store/database.ts'

/** Starts the relay to Kafka, or to the event log where no brokers are configured; `stack` closes both. */
export function startRelay(
  config: Config,
  parts: {
    readonly database: Database
    readonly clock: Clock
    readonly log: Log
    readonly onNumbered: () => void
  },
  stack: AsyncDisposableStack,
): Relay {
  const sink = openSink(config, parts.log)
  stack.defer(() => sink.close())
  const relay = openRelay({ ...parts, sink, random: Math.random })
  stack.defer(() => relay.close())
  return relay
}

function openSink(config: Config, log: Log): EventSink {
  const { KAFKA_BROKERS: brokers } = config
  if (brokers === undefined) return makeLogSink()
  return openKafkaSink({
    connection: { brokers },
    topicPrefix: config.AUTH_TOPIC_PREFIX,
    retentionMs: config.AUTH_EVENT_RETENTION,
    source: config.AUTH_ISSUER,
    log,
  })
}
