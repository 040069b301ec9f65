import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import type { KafkaConnection } from '../events/kafka-connection.ts'
import { openKafkaSink } from '../events/kafka-sink.ts'
import { openKafkaUserStateSink } from '../events/kafka-user-state-sink.ts'
import type { LaneOptions } from '../events/lane-runner.ts'
import { makeLogSink } from '../events/log-sink.ts'
import { openRelay, type Relay } from '../events/relay.ts'
import type { EventSink } from '../events/sink.ts'
import type { UserStateSink } from '../events/user-state-sink.ts'

/** What both lanes are made of. */
export interface LaneParts extends Omit<LaneOptions, 'onNumbered'> {
  /** Undefined: no brokers are configured. */
  readonly kafka: KafkaConnection | undefined
}

/** Starts the relay to Kafka, or to the event log where no brokers are configured; `stack` closes both. */
export function startRelay(
  config: Config,
  parts: LaneParts & { readonly onNumbered: () => void },
  stack: AsyncDisposableStack,
): Relay {
  const sink = openSink(config, parts.kafka, parts.log as Log)
  stack.defer(() => sink.close())
  const stateSink = openStateSink(config, parts)
  if (stateSink) stack.defer(() => stateSink.close())
  const relay = openRelay({
    ...parts,
    sink,
    retention: { retentionMs: config.AUTH_OUTBOX_RETENTION },
    ...(stateSink ? { stateSink } : {}),
  })
  stack.defer(() => relay.close())
  return relay
}

function openSink(config: Config, connection: KafkaConnection | undefined, log: Log): EventSink {
  if (connection === undefined) return makeLogSink()
  return openKafkaSink({
    connection,
    topicPrefix: config.AUTH_TOPIC_PREFIX,
    retentionMs: config.AUTH_EVENT_RETENTION,
    source: config.AUTH_ISSUER,
    log,
  })
}

function openStateSink(config: Config, parts: LaneParts): UserStateSink | undefined {
  const { kafka: connection } = parts
  if (connection === undefined) return undefined
  return openKafkaUserStateSink({
    connection,
    topicPrefix: config.AUTH_TOPIC_PREFIX,
    source: config.AUTH_ISSUER,
    encoding: config.AUTH_EVENT_ENCODING,
    newId: parts.installation.newId,
    log: parts.log,
  })
}
