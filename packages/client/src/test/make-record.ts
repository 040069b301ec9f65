import { create, type MessageInitShape, toBinary, toJsonString } from '@bufbuild/protobuf'
import {
  type EventName,
  eventCatalogue,
  toDataSchema,
  toEventType,
  toTopic,
} from '@immersiverse/auth-contract'
import type { EventOrigin, EventRecord } from '../events/event-record.ts'

/** What a test record may differ in. */
export interface RecordOptions<N extends EventName> {
  readonly data?: MessageInitShape<(typeof eventCatalogue)[N]['schema']>
  readonly key?: string
  readonly sequence?: number
  readonly epoch?: string
  readonly encoding?: 'json' | 'protobuf'
  readonly origin?: EventOrigin
  readonly attributes?: Record<string, string | undefined>
  readonly done?: () => Promise<void>
}

/** The CloudEvents attributes of an event as the service writes them. */
export function makeAttributes<N extends EventName>(
  name: N,
  options: RecordOptions<N>,
): Record<string, string> {
  const attributes = {
    specversion: '1.0',
    id: '01890000-0000-7000-8000-0000000000aa',
    source: 'http://localhost:8080',
    type: toEventType(name),
    time: '2027-01-15T08:00:00.000Z',
    subject: options.key ?? 'u1',
    dataschema: toDataSchema(name),
    epoch: options.epoch ?? 'e1',
    usersequence: options.sequence === undefined ? undefined : String(options.sequence),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    ...options.attributes,
  }
  return Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** Encodes an event's data in one of the two ways of the contract. */
export function encodeData<N extends EventName>(
  name: N,
  { data, key = 'u1', encoding }: RecordOptions<N>,
): Buffer {
  const { schema } = eventCatalogue[name]
  const message = create(schema, { userId: key, userVersion: 1n, ...data } as MessageInitShape<typeof schema>)
  return Buffer.from(encoding === 'protobuf' ? toBinary(schema, message) : toJsonString(schema, message))
}

/** A record as a source hands it over. */
export function makeRecord<N extends EventName>(name: N, options: RecordOptions<N> = {}): EventRecord {
  return {
    topic: toTopic(name),
    key: options.key ?? 'u1',
    attributes: new Map(Object.entries(makeAttributes(name, options))),
    contentType: options.encoding === 'protobuf' ? 'application/protobuf' : 'application/json',
    data: encodeData(name, options),
    origin: options.origin ?? { partition: 0, offset: 0n },
    done: options.done ?? (async () => undefined),
  }
}
