import type { MessageInitShape } from '@bufbuild/protobuf'
import type { EventName, eventCatalogue } from '@immersiverse/auth-contract'
import type { UserId } from './ids.ts'

type EventInit<N extends EventName> = MessageInitShape<(typeof eventCatalogue)[N]['schema']>

/** What happened to a known user; takes a number in the user's sequence. */
export type UserEvent = {
  [N in Exclude<EventName, 'login_failed'>]: {
    readonly name: N
    readonly userId: UserId
    readonly data: EventInit<N>
  }
}[Exclude<EventName, 'login_failed'>]

/** A refused login: keyed by the hash of what was typed, outside all sequences. */
export interface LoginFailedEvent {
  readonly name: 'login_failed'
  readonly key: string
  readonly data: EventInit<'login_failed'>
}

/** Anything the service tells the platform. */
export type AuthEvent = UserEvent | LoginFailedEvent
