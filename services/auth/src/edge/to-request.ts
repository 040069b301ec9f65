import {
  fromJsonString,
  type JsonObject,
  type JsonValue,
  type Message,
  mergeFromJson,
} from '@bufbuild/protobuf'
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect'
import { AuthError, invalidField } from '../domain/errors.ts'
import { toFieldName } from './find-field-path.ts'
import { findJsonFaults } from './find-json-faults.ts'
import { readQuery } from './read-query.ts'
import type { PathVariable, Route } from './to-route.ts'

/** The parts of an HTTP request that carry fields. */
export interface HttpParts {
  /** Decoded path parameters by the router's names. */
  readonly parameters: Readonly<Record<string, string>>
  /** The query string without its `?`. */
  readonly query: string
  /** The body's bytes; none is an empty message. */
  readonly body: Uint8Array
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The request message of a call: body, then query, then path, which wins.
 * @throws AuthError MALFORMED_MESSAGE naming the fields, or INVALID_FIELD where body or query contradict the path.
 */
export function toRequest(route: Route, parts: HttpParts): Message {
  const { input } = route.method
  const text = toJsonText(route, parts.body)
  const message = decode(
    route,
    () => fromJsonString(input, text),
    () => JSON.parse(text),
  )
  const query = readQuery(route, parts.query)
  decode(
    route,
    () => mergeFromJson(input, message, query),
    () => query,
  )
  for (const variable of route.variables) {
    const value = parts.parameters[variable.parameter] ?? ''
    assertAgrees(reflect(input, message), variable, value)
    const json = toNested(variable, value)
    decode(
      route,
      () => mergeFromJson(input, message, json),
      () => json,
    )
  }
  return message
}

/** The body as the JSON text of the whole request. */
function toJsonText(route: Route, body: Uint8Array): string {
  if (body.length === 0) return '{}'
  if (route.body === undefined) throw malformed([{ field: 'body', description: 'must be empty' }])
  const text = decodeUtf8(body)
  if (route.body === 'request') return text
  // Once it parses it is one value, and cannot close the object around it.
  parse(text)
  return `{${JSON.stringify(route.body.jsonName)}:${text}}`
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw malformed([{ field: 'body', description: 'must be UTF-8' }])
  }
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed([{ field: 'body', description: 'must be JSON' }])
  }
}

/** Runs a decoder; its error may quote values, so the faults are found anew. */
function decode(route: Route, run: () => Message, toJson: () => JsonValue): Message {
  try {
    return run()
  } catch {
    throw malformed(findFaults(route, toJson))
  }
}

function findFaults(route: Route, toJson: () => JsonValue) {
  let json: JsonValue
  try {
    json = toJson()
  } catch {
    return [{ field: 'body', description: 'must be JSON' }]
  }
  const faults = findJsonFaults(route.method.input, json)
  return faults.length > 0 ? faults.slice(0, 16) : [{ field: 'body', description: 'must not repeat a name' }]
}

function malformed(fields: readonly { field: string; description: string }[]): AuthError {
  return new AuthError('MALFORMED_MESSAGE', { fields })
}

/** What the body or the query say of a field in the path must be what the path says. */
function assertAgrees(message: ReflectMessage, { path }: PathVariable, value: string): void {
  const [field, ...rest] = path
  const [next, ...below] = rest
  if (next !== undefined && field.fieldKind === 'message') {
    if (message.isSet(field))
      assertAgrees(message.get(field), { parameter: '', path: [next, ...below] }, value)
    return
  }
  const rival = field.oneof && message.oneofCase(field.oneof)
  if (rival !== undefined && rival !== field) {
    throw invalidField(rival.name, `must not be set beside ${field.name} in the path`)
  }
  if (message.isSet(field) && String(message.get(field)) !== value) {
    throw invalidField(toFieldName(path), 'must be what the path says')
  }
}

function toNested({ path }: PathVariable, value: string): JsonObject {
  const json = path.reduceRight<JsonValue>((below, { jsonName }) => ({ [jsonName]: below }), value)
  return json as JsonObject
}
