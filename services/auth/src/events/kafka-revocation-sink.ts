import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf'
import {
  revocationRecords,
  toRevocationTopic,
  type WatchRevocationsResponse,
  WatchRevocationsResponseSchema,
} from '@immersiverse/auth-contract'
import type { MessageToProduce } from '@platformatic/kafka'
import { openKafkaPublisher } from './kafka-publisher.ts'
import { type KafkaTopicsOptions, makeTopics } from './kafka-topics.ts'
import type { RevocationSink } from './revocation-sink.ts'
import { toKafkaHeaders } from './to-kafka-headers.ts'
import { untilAborted } from './until-aborted.ts'
import type { WatchedRevocation } from './watch-revocations.ts'

/** What {@link openKafkaRevocationSink} needs. */
export interface KafkaRevocationSinkOptions extends KafkaTopicsOptions {
  readonly topicPrefix: string
  /** The CloudEvents source: the issuer. */
  readonly source: string
  readonly encoding: 'json' | 'protobuf'
  /** Makes a UUIDv7, the id of a heartbeat. */
  readonly newId: () => string
  /** The record as WatchRevocations sends it: both carry the same messages. */
  readonly toMessage: (record: WatchedRevocation) => MessageInitShape<typeof WatchRevocationsResponseSchema>
}

/** One, so that the topic is one order (protocols.md §2). */
const partitionCount = 1

/** Heartbeats are worth little when they are late: a broker that hangs is given up sooner than for events. */
const times = Object.freeze({ requestTimeout: 5000, timeout: 4000, retries: 2 })

/** Publishes revocations and heartbeats to their topic, which it makes where it is not there, also when it was deleted meanwhile. */
export function openKafkaRevocationSink(options: KafkaRevocationSinkOptions): RevocationSink {
  const publisher = openKafkaPublisher(options.connection, times)
  const topic = toRevocationTopic(options.topicPrefix)
  let isReady = false
  return {
    async publish(records, signal) {
      if (!isReady) await untilAborted(makeTopics([topic], partitionCount, options), signal)
      isReady = false
      const messages = records.map((record) => ({ topic, partition: 0, ...toRecord(record, options) }))
      await publisher.publish(messages, signal)
      isReady = true
    },
    close: () => publisher.close(),
  }
}

function toRecord(
  record: WatchedRevocation,
  options: KafkaRevocationSinkOptions,
): Pick<MessageToProduce, 'key' | 'value' | 'headers'> & { readonly value: Buffer } {
  const { item } = create(WatchRevocationsResponseSchema, options.toMessage(record))
  const facts = toFacts(record, options)
  const attributes = {
    specversion: '1.0',
    source: options.source,
    ...facts.attributes,
    type: facts.kind.type,
    dataschema: `urn:immersiverse:${facts.kind.schema.typeName}`,
  }
  return {
    key: Buffer.from(facts.key),
    value: toValue(facts.kind.schema, item, options.encoding),
    headers: toKafkaHeaders(`application/${options.encoding}`, attributes),
  }
}

/** What differs between the two kinds of records. */
function toFacts({ revocation, heartbeat }: WatchedRevocation, { newId }: KafkaRevocationSinkOptions) {
  if (revocation === undefined) {
    const { asOf, epoch } = heartbeat
    const attributes = { id: newId(), time: asOf.toISOString(), epoch }
    return { kind: revocationRecords.heartbeat, key: 'heartbeat', attributes }
  }
  const { committedAt, epoch, eventId, subject } = revocation
  const attributes = { id: eventId, time: committedAt.toISOString(), subject, epoch }
  return { kind: revocationRecords.revocation, key: subject, attributes }
}

function toValue(
  schema: DescMessage,
  { value }: WatchRevocationsResponse['item'],
  encoding: 'json' | 'protobuf',
): Buffer {
  const message = value as MessageShape<typeof schema>
  if (encoding === 'protobuf') return Buffer.from(toBinary(schema, message))
  return Buffer.from(toJsonString(schema, message, { alwaysEmitImplicit: true }))
}
