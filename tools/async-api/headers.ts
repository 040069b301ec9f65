import type { JsonSchema } from './to-json-schemas.ts'

const uuidV7 = '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
const text = (description: string, more: JsonSchema = {}) => ({ type: 'string', description, ...more })
const number = (description: string) => text(description, { pattern: '^(0|[1-9][0-9]{0,15})$' })

const common = Object.freeze({
  'content-type': text(
    'How the value is written: by `AUTH_EVENT_ENCODING`. Readers accept both; the schemas here are of the JSON.',
    { enum: ['application/json', 'application/protobuf'] },
  ),
  ce_specversion: text('CloudEvents 1.0.', { const: '1.0' }),
  ce_id: text('UUIDv7; the same id is the same event.', { pattern: uuidV7 }),
  ce_source: text('The issuer, `AUTH_ISSUER`.', { format: 'uri' }),
  ce_type: text('Which message it is, whatever the prefix of the topic.'),
  ce_time: text('When it happened, by the clock of the database.', { format: 'date-time' }),
  ce_dataschema: text('The message in the value, such as `urn:immersiverse:auth.v1.UserCreated`.'),
  ce_epoch: text('The history of the database: sequences compare within one.', {
    pattern: '^[0-9]{1,20}\\.[0-9]{1,10}\\.[0-9]{1,10}$',
  }),
})
const subject = { ce_subject: text('The user, or what is revoked.') }
const traceparent = {
  traceparent: text('W3C Trace Context of the call that caused the event, without a prefix on purpose.', {
    pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
  }),
}
const sequences = {
  ce_usersequence: number("The event's number among those of the user over all topics, from 1, gapless."),
  ce_topicprevious: number(
    "The user's number before it on this topic; 0: none. Another than expected is a gap.",
  ),
}
const deadLetter = {
  dlq_topic: text('The topic it stood on.'),
  dlq_partition: number('The partition.'),
  dlq_offset: number('The offset.'),
  dlq_position: text('The position, where it came from WatchEvents.'),
  dlq_group: text('The consumer group that could not handle it.'),
  dlq_error: text('Why, at most 1024 characters.'),
  dlq_attempts: number('How often the handler was called; 0: the record could not be decoded.'),
  dlq_time: text('When it was given up.', { format: 'date-time' }),
}

/** The headers of a record in CloudEvents binary mode (Kafka binding, section 3.2), as JSON Schemas by name. */
export const headersSchemas = Object.freeze({
  EventHeaders: toSchema('An event outside the sequences.', common, { ...subject, ...traceparent }),
  UserEventHeaders: toSchema(
    "An event in its user's sequence.",
    { ...common, ...subject, ...sequences },
    traceparent,
  ),
  RevocationHeaders: toSchema('A revocation.', { ...common, ...subject }, {}),
  UserStateHeaders: toSchema(
    "A user's state, or the end of it.",
    {
      ...common,
      ...subject,
      ce_userversion: number('The version of the user, also where there is no value.'),
    },
    {},
  ),
  HeartbeatHeaders: toSchema('A heartbeat.', common, {}),
  DeadLetterHeaders: toSchema(
    'Beside these, the headers that the record had.',
    {
      dlq_topic: deadLetter.dlq_topic,
      dlq_group: deadLetter.dlq_group,
      dlq_error: deadLetter.dlq_error,
      dlq_attempts: deadLetter.dlq_attempts,
      dlq_time: deadLetter.dlq_time,
    },
    deadLetter,
  ),
})

/** The name of one of {@link headersSchemas}. */
export type HeadersName = keyof typeof headersSchemas

function toSchema(
  description: string,
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  return {
    type: 'object',
    description,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  }
}
