import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from './to-json-schemas.ts'

/** The parts of an AsyncAPI document that readers of the topics depend on. */
export interface EventsDocument {
  readonly channels: Readonly<Record<string, ChannelPart>>
  readonly components: {
    readonly messages: Readonly<Record<string, MessagePart>>
    readonly schemas: Readonly<Record<string, JsonSchema>>
  }
}

interface ChannelPart {
  readonly address: string
  readonly messages: Readonly<Record<string, unknown>>
  readonly bindings: { readonly kafka: Readonly<Record<string, unknown>> }
}

interface MessagePart {
  readonly contentType?: string
  readonly headers: JsonSchema
  readonly payload?: JsonSchema
  readonly bindings: { readonly kafka: { readonly key: { readonly description: string } } }
}

/** A schema with its references followed and its parts put together. */
interface FlatSchema extends JsonSchema {
  readonly properties: Readonly<Record<string, JsonSchema>>
  readonly required: readonly string[]
}

/** What says which values there are; where one of them changes, a reader may meet a value that it does not understand. */
const fixedKeywords = Object.freeze([
  ...['type', 'format', 'pattern', 'const', 'contentEncoding', 'minimum', 'maximum', 'oneOf'],
] as const)

/**
 * What readers of the released topics would miss or misunderstand in the present ones, one line each: a topic, message, header, field or value
 * that is gone, one of another type, another key, other partitions. What is added breaks nobody, since readers overlook what they do not know.
 */
export function listBreaks(released: EventsDocument, present: EventsDocument): string[] {
  const channels = new Map(Object.values(present.channels).map((channel) => [channel.address, channel]))
  return Object.values(released.channels).flatMap((before) => {
    const after = channels.get(before.address)
    if (after === undefined) return [`the topic ${before.address} is gone`]
    return compareChannels(before, after, { released, present })
  })
}

interface Documents {
  readonly released: EventsDocument
  readonly present: EventsDocument
}

function compareChannels(before: ChannelPart, after: ChannelPart, documents: Documents): string[] {
  const { address } = before
  const settings = isDeepStrictEqual(before.bindings.kafka, after.bindings.kafka)
    ? []
    : [`${address}: partitions or policy of the topic have changed`]
  const { released, present } = documents
  const messages = Object.keys(before.messages).flatMap((name) => {
    const [old, now] = [released.components.messages[name], present.components.messages[name]]
    if (old === undefined || now === undefined || !(name in after.messages))
      return [`${address}: ${name} is not sent any more`]
    return compareMessages(`${address}: ${name}`, old, now, documents)
  })
  return [...settings, ...messages]
}

function compareMessages(
  at: string,
  before: MessagePart,
  after: MessagePart,
  documents: Documents,
): string[] {
  const breaks: string[] = []
  const [oldKey, newKey] = [before.bindings.kafka.key.description, after.bindings.kafka.key.description]
  if (oldKey !== newKey) breaks.push(`${at}: its key was “${oldKey}” and is “${newKey}”`)
  if (before.contentType !== after.contentType) breaks.push(`${at}: its content type has changed`)
  breaks.push(...compareSchemas(`${at}, header`, before.headers, after.headers, documents))
  if (before.payload === undefined) return breaks
  if (after.payload === undefined) return [...breaks, `${at}: its data are gone`]
  return [...breaks, ...compareSchemas(at, before.payload, after.payload, documents)]
}

function compareSchemas(
  at: string,
  before: JsonSchema,
  after: JsonSchema,
  documents: Documents,
  within: readonly unknown[] = [],
): string[] {
  const [old, now] = [flatten(before, documents.released), flatten(after, documents.present)]
  // A message may hold itself.
  if (within.some((one) => isDeepStrictEqual(one, old))) return []
  const breaks = [...compareKeywords(at, old, now), ...compareValues(at, old, now)]
  for (const [name, property] of Object.entries(old.properties)) {
    const place = `${at} ${name}`
    const found = now.properties[name]
    if (found === undefined) breaks.push(`${place} is gone`)
    else breaks.push(...compareSchemas(place, property, found, documents, [...within, old]))
    if (found !== undefined && old.required.includes(name) && !now.required.includes(name))
      breaks.push(`${place} was always there and is not any more`)
  }
  if (old.items !== undefined && now.items !== undefined) {
    const [oldItems, newItems] = [old.items as JsonSchema, now.items as JsonSchema]
    breaks.push(...compareSchemas(`${at}[]`, oldItems, newItems, documents, [...within, old]))
  }
  return breaks
}

function compareKeywords(at: string, old: FlatSchema, now: FlatSchema): string[] {
  return fixedKeywords
    .filter((keyword) => !isDeepStrictEqual(old[keyword], now[keyword]))
    .map((keyword) => `${at}: ${keyword} was ${tell(old[keyword])} and is ${tell(now[keyword])}`)
}

function compareValues(at: string, { enum: old }: FlatSchema, { enum: now }: FlatSchema): string[] {
  if (!Array.isArray(old)) return []
  if (!Array.isArray(now)) return [`${at}: it was one of ${old.join(', ')} and can be anything`]
  return old.filter((value) => !now.includes(value)).map((value) => `${at}: its value ${value} is gone`)
}

const tell = (value: unknown) => JSON.stringify(value) ?? 'not said'

function flatten(schema: JsonSchema, document: EventsDocument): FlatSchema {
  const { $ref, allOf = [], ...own } = schema
  const parts = [
    ...(allOf as readonly JsonSchema[]),
    ...($ref === undefined ? [] : [resolve(String($ref), document)]),
  ]
  return [...parts.map((part) => flatten(part, document)), own].reduce<FlatSchema>(merge, {
    properties: {},
    required: [],
  })
}

/** Where two parts speak of one property, both hold. */
function merge(one: FlatSchema, other: JsonSchema): FlatSchema {
  const { properties = {}, required = [] } = other as Partial<FlatSchema>
  const both = Object.entries(properties).map(([name, schema]) => {
    const known = one.properties[name]
    return [name, known === undefined ? schema : { allOf: [known, schema] }] as const
  })
  return {
    ...one,
    ...other,
    properties: { ...one.properties, ...Object.fromEntries(both) },
    required: [...one.required, ...required],
  }
}

function resolve($ref: string, { components }: EventsDocument): JsonSchema {
  const name = $ref.replace('#/components/schemas/', '')
  const schema = components.schemas[name]
  if (schema === undefined) throw new Error(`${$ref} leads nowhere`)
  return schema
}
