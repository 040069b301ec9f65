import { type Kysely, sql } from 'kysely'
import { onlyLane } from './outbox.ts'
import type { Schema } from './schema.ts'

/** What {@link deletePublished} deletes. */
export interface PublishedRange {
  /** Only above this number: what a former call has deleted is not walked over again. */
  readonly after: number
  /** Only what was acknowledged so long ago. */
  readonly retentionMs: number
  /** Only what the topic of users has had, too. */
  readonly isForStates: boolean
  /** How many rows it looks at. */
  readonly limit: number
}

/** What {@link deletePublished} did. */
export interface PublishedDeleted {
  readonly count: number
  /** From where the next call goes on. */
  readonly after: number
  /** Whether there may be more to delete now. */
  readonly hasMore: boolean
}

/**
 * Deletes acknowledged events whose time is over, in the order of their numbers; one small statement. Others stay, and so does the event with
 * the highest number: watchers' positions name its epoch. An old one that is not acknowledged, because its key is parked, is passed by.
 */
export async function deletePublished(
  kysely: Kysely<Schema>,
  { after, isForStates, limit, retentionMs }: PublishedRange,
): Promise<PublishedDeleted> {
  const { rows } = await sql<{
    seen: number
    seen_up_to: number | null
    deleted: number
    deleted_up_to: number | null
    has_young: boolean
  }>`
    with page as materialized (
      select position, pub_seq,
        published_at is not null as is_published, coalesce(published_at, occurred_at)
          < clock_timestamp() - ${retentionMs}::float8 * interval '1 ms' as is_old
      from outbox
      where lane = ${onlyLane} and pub_seq is not null and pub_seq > ${after}::bigint and pub_seq <= (
        select case when ${isForStates}::boolean then least(published_up_to, last_pub_seq - 1)
          else last_pub_seq - 1 end
        from lanes where lane = ${onlyLane}
      )
      order by pub_seq limit ${limit}::bigint
    ), gone as (
      delete from outbox using page where outbox.position = page.position and page.is_published and page.is_old
      returning outbox.pub_seq
    ), noted as (
      update outbox_deletions set deleted_up_to = greatest(deleted_up_to, (select max(pub_seq) from gone))
      where lane = ${onlyLane} and exists (select from gone)
    )
    select (select count(*) from page) as seen, (select max(pub_seq) from page) as seen_up_to,
      (select count(*) from gone) as deleted, (select max(pub_seq) from gone) as deleted_up_to,
      exists (select from page where not is_old) as has_young`.execute(kysely)
  const [row] = rows
  if (!row) throw new Error('the statement answered nothing')
  const reached = (row.has_young ? row.deleted_up_to : row.seen_up_to) ?? after
  return { count: row.deleted, after: reached, hasMore: !row.has_young && row.seen === limit }
}

/** The highest number of an event that was deleted: whoever has read no further has missed it. 0 where none was. */
export async function getDeletedUpTo(kysely: Kysely<Schema>): Promise<number> {
  const row = await kysely
    .selectFrom('outbox_deletions')
    .select('deleted_up_to')
    .where('lane', '=', onlyLane)
    .executeTakeFirstOrThrow()
  return row.deleted_up_to
}
