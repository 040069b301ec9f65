import { eventNames, keyedPartitions, toDeadLetterTopic, toTopic } from '@immersiverse/auth-contract'
import type { MessageToProduce } from '@platformatic/kafka'
import type { NumberedEvent } from '../store/outbox.ts'
import { toCloudEventAttributes } from './cloud-event-attributes.ts'
import { findRefusal } from './find-refusal.ts'
import { openKafkaPublisher } from './kafka-publisher.ts'
import { type KafkaTopicsOptions, makeTopics } from './kafka-topics.ts'
import type { EventSink } from './sink.ts'
import { toKafkaHeaders } from './to-kafka-headers.ts'
import { untilAborted } from './until-aborted.ts'

/** What {@link openKafkaSink} needs. */
export interface KafkaSinkOptions extends KafkaTopicsOptions {
  readonly topicPrefix: string
  /** The CloudEvents source: the issuer. */
  readonly source: string
}

/** Publishes events to Kafka, each to its topic. */
export function openKafkaSink(options: KafkaSinkOptions): EventSink {
  const publisher = openKafkaPublisher(options.connection)
  const { topicPrefix } = options
  // Consumers write their dead letters; this service only makes the topic, so that it has the right policy.
  const topics = [...eventNames.map((name) => toTopic(name, topicPrefix)), toDeadLetterTopic(topicPrefix)]
  return {
    async prepare(signal) {
      await untilAborted(makeTopics(topics, keyedPartitions, options), signal)
    },
    async publish(events, signal) {
      const messages = events.map((event) => toMessage(event, options))
      try {
        await publisher.publish(messages, signal)
      } catch (error) {
        throw findRefusal(error) ?? error
      }
    },
    close: () => publisher.close(),
  }
}

/** A record: its key, the message's bytes as they were committed, and CloudEvents in binary mode. */
function toMessage(event: NumberedEvent, { source, topicPrefix }: KafkaSinkOptions): MessageToProduce {
  return {
    topic: toTopic(event.event, topicPrefix),
    key: Buffer.from(event.key),
    value: Buffer.from(event.data.buffer, event.data.byteOffset, event.data.byteLength),
    headers: toKafkaHeaders(event.contentType, toCloudEventAttributes(event, source)),
  }
}
