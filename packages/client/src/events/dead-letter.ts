import type { EventRecord } from './event-record.ts'

/** A record that could not be handled, and why. */
export interface DeadLetter {
  readonly record: EventRecord
  readonly error: unknown
  /** How often its handler was called; 0 where it could not be decoded. */
  readonly attempts: number
}

/** Where dead letters go. Rejects while they cannot: the consumer tries again and does not move on. */
export type SendDeadLetter = (letter: DeadLetter) => Promise<void>

/** Thrown by a handler: no further attempt can help, so the event goes to the dead letters at once. */
export class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError'
}
