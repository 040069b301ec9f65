import type { Transaction } from 'kysely'
import type { Origin } from '../domain/caller.ts'
import type { AuthEvent } from '../domain/events.ts'
import { appendEvent, type EventEncoding } from './append-event.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** Tells what the transaction has changed: committed with it or not at all. */
export type Announce = (event: AuthEvent) => Promise<void>

/**
 * Runs `work` in one transaction, in which state and events commit together.
 * @throws what `work` throws, after rolling back; AuthError DATABASE_UNAVAILABLE as `Database.transaction`.
 */
export type Write = <T>(
  origin: Origin,
  work: (trx: Transaction<Schema>, announce: Announce) => Promise<T>,
) => Promise<T>

/** What {@link makeWrite} needs. */
export interface WriteOptions {
  readonly database: Pick<Database, 'transaction'>
  readonly encoding: EventEncoding
  /** Makes the id of an event: a UUIDv7. */
  readonly newId: () => string
  /** Called after a commit that announced something: wakes the relay. Must not throw. */
  readonly onCommitted: () => void
}

/** Makes the one way in which use-cases change state. */
export function makeWrite(options: WriteOptions): Write {
  return async (origin, work) => {
    let announced = false
    const result = await options.database.transaction((trx) =>
      work(trx, async (event) => {
        await appendEvent(trx, event, {
          encoding: options.encoding,
          id: options.newId(),
          traceparent: origin.traceparent,
        })
        announced = true
      }),
    )
    if (announced) options.onCommitted()
    return result
  }
}
