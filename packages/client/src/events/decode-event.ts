import { fromBinary, fromJson } from '@bufbuild/protobuf'
import { type EventData, type EventName, eventCatalogue, findEventByType } from '@immersiverse/auth-contract'
import type { EventOrigin, EventRecord } from './event-record.ts'

/** What stands around an event's data: CloudEvents attributes, and where it was read. */
export interface EventInfo {
  /** UUIDv7; the same when an event is delivered again. */
  readonly eventId: string
  /** Such as `auth.events.user_created`. */
  readonly topic: string
  /** The user id; for `login_failed` the identifier's hash. */
  readonly key: string
  readonly time: Date
  /** The issuer. */
  readonly source: string
  /** Sequences compare within one epoch only. */
  readonly epoch: string
  /** The event's number among all of its user's; none on `login_failed`. */
  readonly userSequence: bigint | undefined
  /** The number of the user's previous event on this topic. */
  readonly topicPrevious: bigint | undefined
  /** W3C trace context of the call that made the event. */
  readonly traceparent: string | undefined
  /** `partition` and `offset` on Kafka, `position` over WatchEvents. */
  readonly origin: EventOrigin
}

/** An event whose data is decoded. */
export interface DecodedEvent<N extends EventName = EventName> {
  readonly name: N
  readonly data: EventData<N>
  readonly info: EventInfo
}

/** A record that is no event of the contract. */
export class UndecodableEventError extends Error {
  override readonly name = 'UndecodableEventError'
  readonly topic: string
  readonly origin: EventOrigin

  constructor(record: EventRecord, why: string, options?: ErrorOptions) {
    super(`a record of ${record.topic} cannot be decoded: ${why}`, options)
    this.topic = record.topic
    this.origin = record.origin
  }
}

/**
 * Decodes a CloudEvents record (contract §4): data by its `type` and content type, unknown fields ignored, so that a newer service may add
 * some. Throws UndecodableEventError.
 */
export function decodeEvent(record: EventRecord): DecodedEvent {
  const name = findEventByType(requireAttribute(record, 'type'))
  if (name === undefined) throw new UndecodableEventError(record, 'its type is unknown')
  if (requireAttribute(record, 'specversion') !== '1.0') {
    throw new UndecodableEventError(record, 'its CloudEvents version is not 1.0')
  }
  return { name, data: decodeData(record, name), info: readInfo(record) }
}

function decodeData(record: EventRecord, name: EventName): EventData<EventName> {
  const { schema } = eventCatalogue[name]
  const mediaType = record.contentType.split(';', 1)[0]?.trim().toLowerCase()
  try {
    if (mediaType === 'application/protobuf') return fromBinary(schema, record.data)
    if (mediaType === 'application/json') {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(record.data)
      return fromJson(schema, JSON.parse(text), { ignoreUnknownFields: true })
    }
  } catch (cause) {
    throw new UndecodableEventError(record, `its data is no ${schema.typeName}`, { cause })
  }
  throw new UndecodableEventError(record, 'its content type is unknown')
}

function readInfo(record: EventRecord): EventInfo {
  const time = new Date(requireAttribute(record, 'time'))
  if (Number.isNaN(time.getTime())) throw new UndecodableEventError(record, 'its time is none')
  return {
    eventId: requireAttribute(record, 'id'),
    topic: record.topic,
    key: record.key,
    time,
    source: requireAttribute(record, 'source'),
    epoch: requireAttribute(record, 'epoch'),
    userSequence: findNumber(record, 'usersequence'),
    topicPrevious: findNumber(record, 'topicprevious'),
    traceparent: record.attributes.get('traceparent'),
    origin: record.origin,
  }
}

function requireAttribute(record: EventRecord, attribute: string): string {
  const value = record.attributes.get(attribute)
  if (value === undefined || value === '') throw new UndecodableEventError(record, `it has no ${attribute}`)
  return value
}

function findNumber(record: EventRecord, attribute: string): bigint | undefined {
  const value = record.attributes.get(attribute)
  if (value === undefined || value === '') return undefined
  if (!/^\d{1,19}$/.test(value)) throw new UndecodableEventError(record, `its ${attribute} is no number`)
  return BigInt(value)
}
