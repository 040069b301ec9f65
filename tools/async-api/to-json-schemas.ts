import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { toComment } from './to-comment.ts'

/** A JSON Schema (draft 7). */
export type JsonSchema = { readonly [keyword: string]: unknown }

const int64 = { type: 'string', pattern: '^-?(0|[1-9][0-9]{0,18})$' }
const uint64 = { type: 'string', pattern: '^(0|[1-9][0-9]{0,19})$' }
const int32 = { type: 'integer', minimum: -2147483648, maximum: 2147483647 }
const uint32 = { type: 'integer', minimum: 0, maximum: 4294967295 }
// The other three, NaN and the infinities, are texts.
const float = { oneOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] }

const scalars: Readonly<Record<ScalarType, JsonSchema>> = Object.freeze({
  [ScalarType.DOUBLE]: float,
  [ScalarType.FLOAT]: float,
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.INT32]: int32,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.BOOL]: { type: 'boolean' },
  [ScalarType.STRING]: { type: 'string' },
  [ScalarType.BYTES]: { type: 'string', contentEncoding: 'base64' },
  [ScalarType.UINT32]: uint32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.SINT32]: int32,
  [ScalarType.SINT64]: int64,
})

/** Messages of `google.protobuf` that proto3 JSON writes in a form of their own. */
const wellKnown: Readonly<Record<string, JsonSchema>> = Object.freeze({
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
})

/**
 * The proto3 JSON (ProtoJSON, implicit fields emitted) of a message and of all it holds, as JSON Schemas by name. int64 are texts, enums
 * names, timestamps RFC 3339. Fields that are unknown are allowed: messages grow. Throws on types that no event uses.
 */
export function toJsonSchemas(message: DescMessage): Map<string, JsonSchema> {
  const schemas = new Map<string, JsonSchema>()
  const add = (desc: DescMessage | DescEnum): JsonSchema => {
    const known = wellKnown[desc.typeName]
    if (known !== undefined) return known
    if (!schemas.has(desc.name)) {
      // Held before it is made: a message may hold itself.
      schemas.set(desc.name, {})
      schemas.set(desc.name, desc.kind === 'enum' ? toEnumSchema(desc) : toMessageSchema(desc, add))
    }
    return { $ref: `#/components/schemas/${desc.name}` }
  }
  add(message)
  return schemas
}

type Add = (desc: DescMessage | DescEnum) => JsonSchema

function toMessageSchema(message: DescMessage, add: Add): JsonSchema {
  const properties = message.fields.map((field) => [field.jsonName, toFieldSchema(field, add)] as const)
  const required = message.fields.filter(isAlwaysThere).map(({ jsonName }) => jsonName)
  return {
    type: 'object',
    description: toComment(message),
    required,
    properties: Object.fromEntries(properties),
  }
}

/** What has no presence is written with its default, too. */
function isAlwaysThere(field: DescField): boolean {
  if (field.oneof !== undefined) return false
  if (field.fieldKind === 'list' || field.fieldKind === 'map') return true
  return field.fieldKind !== 'message' && !field.proto.proto3Optional
}

function toFieldSchema(field: DescField, add: Add): JsonSchema {
  const schema = toValueSchema(field, add)
  // Beside $ref, draft 7 overlooks everything.
  return '$ref' in schema
    ? { allOf: [schema], description: toComment(field) }
    : { ...schema, description: toComment(field) }
}

function toValueSchema(field: DescField, add: Add): JsonSchema {
  switch (field.fieldKind) {
    case 'scalar':
      return scalars[field.scalar]
    case 'enum':
      return add(field.enum)
    case 'message':
      return add(field.message)
    case 'list':
      return { type: 'array', items: toItemSchema(field, add) }
    default:
      throw new Error(`${field.toString()}: maps have no schema here yet`)
  }
}

function toItemSchema(field: DescField & { fieldKind: 'list' }, add: Add): JsonSchema {
  if (field.listKind === 'scalar') return scalars[field.scalar]
  return add(field.listKind === 'enum' ? field.enum : field.message)
}

function toEnumSchema(desc: DescEnum): JsonSchema {
  const lines = desc.values.map((value) => `- \`${value.name}\`: ${toComment(value)}`)
  return {
    type: 'string',
    description: [toComment(desc), ...lines].join('\n'),
    enum: desc.values.map(({ name }) => name),
  }
}
