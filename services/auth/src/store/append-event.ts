import { create, type DescMessage, type MessageInitShape, toBinary, toJsonString } from '@bufbuild/protobuf'
import { eventCatalogue } from '@immersiverse/auth-contract'
import { sql, type Transaction } from 'kysely'
import type { AuthEvent, LoginFailedEvent, UserEvent } from '../domain/events.ts'
import { findUserId, type UserId } from '../domain/ids.ts'
import type { Schema } from './schema.ts'

/** How the value of an event is written: proto3 JSON in lowerCamelCase, or protobuf bytes. */
export type EventEncoding = 'json' | 'protobuf'

/** What an event carries beside its data. */
export interface AppendOptions {
  readonly encoding: EventEncoding
  /** The CloudEvents id: a UUIDv7. */
  readonly id: string
  /** W3C trace context of the call that caused it. */
  readonly traceparent?: string | undefined
}

/** The most bytes an event's value may have. What is larger would only be refused later, by the broker. */
export const eventBytesMax = 256 * 1024

const contentTypes = Object.freeze({ json: 'application/json', protobuf: 'application/protobuf' })

/**
 * Writes an event into the outbox, in the transaction of the change it tells. Throws a plain Error when the value is above
 * {@link eventBytesMax}, or when the user has no sequence row (see `insertUserSequence`): both are faults of the service.
 */
export async function appendEvent(
  trx: Transaction<Schema>,
  event: AuthEvent,
  options: AppendOptions,
): Promise<void> {
  const data = toEventBytes(event, options.encoding)
  if (event.name === 'login_failed') await insertUnsequenced(trx, event, data, options)
  else await insertSequenced(trx, event, data, options)
}

/** Makes the row that numbers a new user's events; once, when the user is created. */
export async function insertUserSequence(trx: Transaction<Schema>, userId: UserId): Promise<void> {
  await sql`insert into user_sequences (user_id) values (${userId})`.execute(trx)
}

/**
 * Writes events of several users as {@link appendEvent} does each, in one statement and in their order. The transaction holds the locks
 * on the users' rows, which decide the order of the locks on their sequences.
 * @throws Error where a user stands there twice, besides what appendEvent throws: faults of the service, which nothing may survive.
 */
export async function appendUserEvents(
  trx: Transaction<Schema>,
  events: readonly UserEvent[],
  { ids, encoding, traceparent }: Omit<AppendOptions, 'id'> & { readonly ids: readonly string[] },
): Promise<void> {
  const { numAffectedRows } = await sql`
    with given as (
      select * from unnest(${ids}::uuid[], ${events.map(({ name }) => name)}::text[],
        ${events.map(({ userId }) => userId)}::uuid[], ${events.map((event) => toEventBytes(event, encoding))}::bytea[])
        with ordinality as given (id, event, user_id, data, place)
    ), bump as (
      update user_sequences as sequence
      set seq = seq + 1,
        topics = jsonb_set(topics, array[event], jsonb_build_array(topics -> event -> 1, seq + 1))
      from given
      where sequence.user_id = given.user_id
      returning given.*, seq, (topics -> event ->> 0)::bigint as previous
    )
    insert into outbox (id, event, key, user_id, user_sequence, topic_previous, content_type, data, traceparent)
    select id, event, user_id::text, user_id, seq, previous, ${contentTypes[encoding]}::text, data, ${traceparent ?? null}::text
    from bump order by place`.execute(trx)
  if (numAffectedRows !== BigInt(events.length)) {
    throw new Error(
      `${events.length} events were to be written, ${numAffectedRows} were: a user twice or unknown`,
    )
  }
}

function toEventBytes(event: AuthEvent, encoding: EventEncoding): Buffer {
  const schema: DescMessage = eventCatalogue[event.name].schema
  const message = create(schema, event.data as MessageInitShape<typeof schema>)
  const bytes = Buffer.from(
    encoding === 'protobuf'
      ? toBinary(schema, message)
      : toJsonString(schema, message, { alwaysEmitImplicit: true }),
  )
  if (bytes.byteLength <= eventBytesMax) return bytes
  throw new Error(`the event ${event.name} has ${bytes.byteLength} bytes, the limit is ${eventBytesMax}`)
}

/**
 * The lock on the user's sequence row comes before the outbox row's position is drawn and lasts until commit: so a user's
 * numbers, positions and commits are in one order, without gaps (protocols.md §1.1).
 */
async function insertSequenced(
  trx: Transaction<Schema>,
  event: UserEvent,
  data: Uint8Array,
  options: AppendOptions,
): Promise<void> {
  const { numAffectedRows } = await sql`
    with bump as (
      update user_sequences
      set seq = seq + 1,
        topics = jsonb_set(topics, array[${event.name}::text],
          jsonb_build_array(topics -> ${event.name}::text -> 1, seq + 1))
      where user_id = ${event.userId}::uuid
      returning seq, (topics -> ${event.name}::text ->> 0)::bigint as previous
    )
    insert into outbox (id, event, key, user_id, user_sequence, topic_previous, content_type, data, traceparent)
    select ${options.id}::uuid, ${event.name}::text, ${event.userId}::text, ${event.userId}::uuid, seq, previous,
      ${contentTypes[options.encoding]}::text, ${data}::bytea, ${options.traceparent ?? null}::text
    from bump`.execute(trx)
  if (numAffectedRows !== 1n) throw new Error(`the user ${event.userId} has no row in user_sequences`)
}

async function insertUnsequenced(
  trx: Transaction<Schema>,
  event: LoginFailedEvent,
  data: Uint8Array,
  options: AppendOptions,
): Promise<void> {
  const userId = findUserId(event.data.userId ?? '') ?? null
  await sql`
    insert into outbox (id, event, key, user_id, content_type, data, traceparent)
    values (${options.id}::uuid, ${event.name}::text, ${event.key}::text, ${userId}::uuid,
      ${contentTypes[options.encoding]}::text, ${data}::bytea, ${options.traceparent ?? null}::text)`.execute(
    trx,
  )
}
