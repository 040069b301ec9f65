import type { EventName } from '@immersiverse/auth-contract'

/** An event as its row in the outbox tells it. */
export interface CommittedEvent {
  readonly id: string
  readonly event: EventName
  readonly key: string
  readonly userId: string | undefined
  readonly userSequence: number | undefined
  readonly topicPrevious: number | undefined
  readonly contentType: string
  /** The bytes, as the text that they are. */
  readonly data: string
  readonly traceparent: string | undefined
  readonly occurredAt: Date
  readonly epoch: string | undefined
  readonly pubSeq: number | undefined
}

/** An account, deleted ones too, and how many events its sequence has counted. */
export interface CommittedUser {
  readonly id: string
  readonly isDeleted: boolean
  readonly version: number
  readonly sequence: number
  /** What others may know; undefined once the user is deleted. */
  readonly profile:
    | {
        readonly username: string
        readonly displayName: string
        readonly status: string
        readonly roles: readonly string[]
      }
    | undefined
}

/** An entry of what is revoked. */
export interface CommittedRevocation {
  readonly id: string
  readonly subject: string
  readonly epoch: string | undefined
  readonly number: number | undefined
  readonly committedAt: Date
}

/** What the database holds in the end. */
export interface Committed {
  readonly events: readonly CommittedEvent[]
  readonly users: readonly CommittedUser[]
  /** The ids of all sessions that were ever opened. */
  readonly sessionIds: readonly string[]
  readonly revocations: readonly CommittedRevocation[]
}
