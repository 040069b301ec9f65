import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import {
  LoggedOutSchema,
  LoginFailedSchema,
  LoginSucceededSchema,
  PlatformConnectedSchema,
  PlatformDisconnectedSchema,
  RefreshTokenReusedSchema,
  UserCreatedSchema,
  UserDeletedSchema,
  UserUpdatedSchema,
} from './gen/auth/v1/events_pb.js'

/** What is fixed about one kind of event. */
export interface EventKind<S extends DescMessage = DescMessage> {
  /** The message in the record's value. */
  readonly schema: S
  /** Whether the record takes a number in its user's sequence (`ce_usersequence`). */
  readonly sequenced: boolean
}

/** Every event by its name in `auth.events.<name>`. */
export const eventCatalogue = Object.freeze({
  user_created: { schema: UserCreatedSchema, sequenced: true },
  user_updated: { schema: UserUpdatedSchema, sequenced: true },
  user_deleted: { schema: UserDeletedSchema, sequenced: true },
  login_succeeded: { schema: LoginSucceededSchema, sequenced: true },
  login_failed: { schema: LoginFailedSchema, sequenced: false },
  logged_out: { schema: LoggedOutSchema, sequenced: true },
  refresh_token_reused: { schema: RefreshTokenReusedSchema, sequenced: true },
  platform_connected: { schema: PlatformConnectedSchema, sequenced: true },
  platform_disconnected: { schema: PlatformDisconnectedSchema, sequenced: true },
} as const satisfies Record<string, EventKind>)

/** The name of an event, such as `user_created`. */
export type EventName = keyof typeof eventCatalogue

/** The message of an event. */
export type EventData<N extends EventName> = MessageShape<(typeof eventCatalogue)[N]['schema']>

/** All event names, in the catalogue's order. */
export const eventNames = Object.freeze(Object.keys(eventCatalogue) as EventName[])

/** The Kafka topic of an event under a prefix (default `auth`): `auth.events.user_created`. */
export function toTopic(name: EventName, prefix = 'auth'): string {
  return `${prefix}.events.${name}`
}

/** The CloudEvents `type` of an event: always `auth.events.<name>`, whatever the topic's prefix. */
export function toEventType(name: EventName): string {
  return `auth.events.${name}`
}

/** The event whose CloudEvents `type` this is, or undefined. */
export function findEventByType(type: string): EventName | undefined {
  const name = type.startsWith('auth.events.') ? type.slice('auth.events.'.length) : ''
  return Object.hasOwn(eventCatalogue, name) ? (name as EventName) : undefined
}

/** The CloudEvents `dataschema` of an event, such as `urn:immersiverse:auth.v1.UserCreated`. */
export function toDataSchema(name: EventName): string {
  return `urn:immersiverse:${eventCatalogue[name].schema.typeName}`
}

/** The Kafka topic of dead letters under a prefix: consumers write there what they could not handle. */
export function toDeadLetterTopic(prefix = 'auth'): string {
  return `${prefix}.events.dlq`
}
