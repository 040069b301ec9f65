import { fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf'
import { eventCatalogue } from '@immersiverse/auth-contract'
import type { NumberedEvent } from '../store/outbox.ts'

/** The data of an event as proto3 JSON, whatever it is written in. */
export function toEventJson({ contentType, data, event }: NumberedEvent): JsonValue {
  if (contentType === 'application/json') return JSON.parse(Buffer.from(data).toString('utf8'))
  const { schema } = eventCatalogue[event]
  return toJson(schema, fromBinary(schema, data), { alwaysEmitImplicit: true })
}
