import type { EventName } from '@immersiverse/auth-contract'
import { type Kysely, sql } from 'kysely'
import { type NumberedEvent, selectNumbered, toNumberedEvent } from './outbox.ts'
import type { Schema } from './schema.ts'

/** Which events are asked for; what is not named does not narrow. */
export interface EventSearch {
  readonly events?: readonly EventName[]
  readonly userId?: string
  /** Committed at this instant or later. */
  readonly since?: Date
  /** Only those that the broker has acknowledged. */
  readonly published?: boolean
}

/** Numbered events above a number that match, in order. */
export async function searchEventLog(
  kysely: Kysely<Schema>,
  search: EventSearch,
  page: { readonly after: number; readonly limit: number },
): Promise<NumberedEvent[]> {
  const rows = await select(kysely, search)
    .where('pub_seq', '>', page.after)
    .orderBy('pub_seq')
    .limit(page.limit)
    .execute()
  return rows.map(toNumberedEvent)
}

/** The last `limit` numbered events that match, in order. */
export async function findLastEvents(
  kysely: Kysely<Schema>,
  search: EventSearch,
  limit: number,
): Promise<NumberedEvent[]> {
  const rows = await select(kysely, search).orderBy('pub_seq', 'desc').limit(limit).execute()
  return rows.map(toNumberedEvent).reverse()
}

/** Which of these ids are in the outbox, numbered or not. */
export async function findKnownEvents(kysely: Kysely<Schema>, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{
    id: string
  }>`select id from outbox where id = any(${[...ids]}::uuid[])`.execute(kysely)
  return new Set(rows.map(({ id }) => id))
}

/** When the oldest event that is kept was committed; undefined where none is. */
export async function findOldestEvent(kysely: Kysely<Schema>): Promise<Date | undefined> {
  const { rows } = await sql<{ at: Date | null }>`select min(occurred_at) as at from outbox`.execute(kysely)
  return rows[0]?.at ?? undefined
}

function select(kysely: Kysely<Schema>, { events, userId, since, published }: EventSearch) {
  return selectNumbered(kysely)
    .$if(events !== undefined, (query) =>
      query.where(sql<boolean>`event = any(${[...(events ?? [])]}::text[])`),
    )
    .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
    .$if(since !== undefined, (query) => query.where('occurred_at', '>=', since ?? new Date(0)))
    .$if(published === true, (query) => query.where('published_at', 'is not', null))
}
