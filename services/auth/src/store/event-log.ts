import type { EventName } from '@immersiverse/auth-contract'
import { type Kysely, sql } from 'kysely'
import { toEpochCounter } from './epoch.ts'
import { type NumberedEvent, onlyLane, selectNumbered, toNumberedEvent } from './outbox.ts'
import type { Schema } from './schema.ts'

/** A place in the log of numbered events: right behind the event that has this number and this epoch. */
export interface LogPosition {
  /** 0 is before the first event. */
  readonly pubSeq: number
  /** The epoch of the event at `pubSeq`, empty before the first. */
  readonly epoch: string
}

/** The log's last event, and when it was the last. */
export interface LogEnd extends LogPosition {
  /** The database's clock before it looked. */
  readonly asOf: Date
}

/** Where the log ends now. */
export async function getLogEnd(kysely: Kysely<Schema>): Promise<LogEnd> {
  // now() is the start of the statement, before its snapshot: what was numbered by then is seen.
  const { rows } = await sql<{ last_pub_seq: number; epoch: string | null; as_of: Date }>`
    select last_pub_seq, epoch, now() as as_of
    from lanes left join outbox on outbox.lane = lanes.lane and outbox.pub_seq = lanes.last_pub_seq
    where lanes.lane = ${onlyLane}`.execute(kysely)
  const [row] = rows
  if (!row) throw new Error('the lane is not in the table lanes')
  return { pubSeq: row.last_pub_seq, epoch: row.epoch ?? '', asOf: row.as_of }
}

/** Numbered events above one number and up to another, in order; `events` narrows them to some kinds. */
export async function listNumbered(
  kysely: Kysely<Schema>,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
  events: readonly EventName[] | undefined,
): Promise<NumberedEvent[]> {
  const rows = await selectNumbered(kysely)
    .where('pub_seq', '>', range.after)
    .where('pub_seq', '<=', range.upTo)
    .$if(events !== undefined, (query) =>
      query.where(sql<boolean>`event = any(${[...(events ?? [])]}::text[])`),
    )
    .orderBy('pub_seq')
    .limit(range.limit)
    .execute()
  return rows.map(toNumberedEvent)
}

/**
 * The number after which a reader goes on that has handled everything up to `position`. That is the position's own number while
 * the log is the one it was taken from. Where commits were lost, or the database is another one, it is earlier: rather twice
 * than never.
 */
export async function resumeAfter(kysely: Kysely<Schema>, position: LogPosition): Promise<number> {
  if (position.pubSeq === 0) return 0
  const { rows } = await sql<{ last_pub_seq: number; epoch: string | null }>`
    select last_pub_seq, epoch
    from lanes left join outbox on outbox.lane = lanes.lane and outbox.pub_seq = ${position.pubSeq}::bigint
    where lanes.lane = ${onlyLane}`.execute(kysely)
  const [row] = rows
  if (row?.epoch === position.epoch) return position.pubSeq
  const isNoLongerKept = row !== undefined && row.epoch === null && position.pubSeq <= row.last_pub_seq
  if (isNoLongerKept) return position.pubSeq
  const { rows: newer } = await sql<{ first: number | null }>`
    select min(pub_seq) as first from outbox
    where lane = ${onlyLane} and pub_seq is not null
      and split_part(epoch, '.', 3)::integer > ${toEpochCounter(position.epoch)}::integer`.execute(kysely)
  return Math.min(position.pubSeq, (newer[0]?.first ?? 1) - 1)
}
