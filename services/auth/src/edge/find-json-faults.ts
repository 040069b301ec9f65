import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType } from '@bufbuild/protobuf'
import type { FieldViolation } from '../domain/errors.ts'

/**
 * What is wrong with JSON that does not decode as a message: each fault by the field's path in proto names, never with its value, which
 * may be a password. Empty where each field by itself is fine.
 */
export function findJsonFaults(message: DescMessage, json: JsonValue, path = ''): FieldViolation[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return [{ field: path || 'body', description: 'must be a JSON object' }]
  }
  const seen = new Set<unknown>()
  return Object.entries(json).flatMap(([key, value]) => {
    const field = message.fields.find((one) => one.name === key || one.jsonName === key)
    if (field === undefined) return [{ field: join(path, toPrintable(key)), description: 'is not a field' }]
    const name = join(path, field.name)
    if (seen.has(field.oneof ?? field)) return [{ field: name, description: toRepeatFault(field) }]
    seen.add(field.oneof ?? field)
    return value === null ? [] : findFieldFaults(message, field, value, name)
  })
}

function findFieldFaults(
  message: DescMessage,
  field: DescField,
  value: JsonValue,
  path: string,
): FieldViolation[] {
  const nested = field.fieldKind === 'message' || field.fieldKind === 'list' ? field.message : undefined
  // Well-known types have a JSON form of their own.
  if (nested === undefined || nested.typeName.startsWith('google.protobuf.')) {
    return decodes(message, field, value) ? [] : [{ field: path, description: toTypeFault(field) }]
  }
  if (field.fieldKind !== 'list') return findJsonFaults(nested, value, path)
  if (!Array.isArray(value)) return [{ field: path, description: toTypeFault(field) }]
  return value.flatMap((item, at) => findJsonFaults(nested, item, `${path}[${at}]`))
}

function decodes(message: DescMessage, field: DescField, value: JsonValue): boolean {
  try {
    fromJson(message, { [field.jsonName]: value })
    return true
  } catch {
    return false
  }
}

function toTypeFault(field: DescField): string {
  const item = field.message?.typeName ?? (field.scalar && ScalarType[field.scalar].toLowerCase())
  const type = field.enum
    ? `one of ${field.enum.values.map(({ name }) => name).join(', ')}`
    : `of type ${item}`
  return field.fieldKind === 'list' ? `must be an array, each item ${type}` : `must be ${type}`
}

function toRepeatFault({ oneof }: DescField): string {
  return oneof ? `only one of ${oneof.fields.map(({ name }) => name).join(', ')} may be set` : 'is set twice'
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** A name that the caller made up, short and harmless in logs and terminals. */
function toPrintable(name: string): string {
  return name.slice(0, 64).replace(/[^\w.$-]/g, '?')
}
