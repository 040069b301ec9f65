import type { EventRecord } from './event-record.ts'

/** What is used of a Kafka record. */
export interface KafkaRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: Buffer
  readonly value: Buffer
  readonly headers: ReadonlyMap<Buffer, Buffer>
}

const prefix = 'ce_'

/**
 * Maps a Kafka record in CloudEvents binary mode (Kafka binding §3.2: `ce_` before attributes, `content-type` for `datacontenttype`;
 * `traceparent` without prefix) to an event record. Maps only: what is missing shows when the record is decoded.
 */
export function fromMessage(message: KafkaRecord, tenure: number, done: () => Promise<void>): EventRecord {
  const attributes = new Map<string, string>()
  let contentType = ''
  for (const [rawName, rawValue] of message.headers) {
    const name = rawName.toString()
    const value = rawValue.toString()
    if (name.startsWith(prefix)) attributes.set(name.slice(prefix.length), value)
    else if (name === 'traceparent') attributes.set(name, value)
    else if (name === 'content-type') contentType = value
  }
  return {
    topic: message.topic,
    // The types of Kafka's client do not say that key and value may be absent.
    key: message.key?.toString() ?? '',
    attributes,
    contentType,
    data: message.value ?? Buffer.alloc(0),
    origin: { partition: message.partition, offset: message.offset },
    tenure,
    done,
  }
}
