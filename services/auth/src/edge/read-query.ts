import { type DescField, type JsonObject, type JsonValue, ScalarType } from '@bufbuild/protobuf'
import { AuthError } from '../domain/errors.ts'
import { findFieldPath, toFieldName } from './find-field-path.ts'
import type { Route } from './to-route.ts'

/**
 * Reads a query string as the JSON of the request's remaining fields (`google/api/http.proto`, rules for HTTP mapping): nested fields
 * dotted, repeated fields by repeating the parameter, each name as in the proto or in JSON.
 * @throws AuthError MALFORMED_MESSAGE for a parameter that is no such field, comes twice or is not UTF-8.
 */
export function readQuery(route: Route, query: string): JsonObject {
  const json: JsonObject = {}
  for (const part of query.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = decode(at < 0 ? part : part.slice(0, at))
    const value = decode(at < 0 ? '' : part.slice(at + 1))
    setField(json, toParameterPath(route, name), value)
  }
  return json
}

function refuse(field: string, description: string): AuthError {
  return new AuthError('MALFORMED_MESSAGE', { fields: [{ field, description }] })
}

/** `application/x-www-form-urlencoded`, strictly: a replacement character would be another value than was sent. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw refuse('query', 'must be percent-encoded UTF-8')
  }
}

function toParameterPath(route: Route, name: string): readonly [DescField, ...DescField[]] {
  const printable = name.slice(0, 64).replace(/[^\w.$-]/g, '?')
  const path = route.body === 'request' ? undefined : findFieldPath(route.method.input, name)
  if (path === undefined || path[0] === route.body) throw refuse(printable, 'is not a query parameter')
  const isBound = route.variables.some((variable) => toFieldName(variable.path) === toFieldName(path))
  if (isBound) throw refuse(printable, 'is in the path')
  return path
}

function setField(json: JsonObject, path: readonly [DescField, ...DescField[]], text: string): void {
  const [field, ...rest] = path
  const before = json[field.jsonName]
  const [next, ...below] = rest
  if (next !== undefined) {
    // Field names come from the descriptor, never from the caller.
    const child = isObject(before) ? before : {}
    json[field.jsonName] = child
    setField(child, [next, ...below], text)
  } else if (field.fieldKind === 'list') {
    json[field.jsonName] = [...(Array.isArray(before) ? before : []), toJsonValue(field, text)]
  } else if (before !== undefined) {
    throw refuse(field.name, 'is set twice')
  } else {
    json[field.jsonName] = toJsonValue(field, text)
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Proto JSON takes numbers as text; only booleans and the numbers of enum values are written otherwise. */
function toJsonValue(field: DescField, text: string): JsonValue {
  if (field.scalar === ScalarType.BOOL && (text === 'true' || text === 'false')) return text === 'true'
  return field.enum && /^-?\d{1,10}$/.test(text) ? Number(text) : text
}
