import { type Kysely, sql } from 'kysely'
import { countUnpublished, onlyLane } from './outbox.ts'
import type { Schema } from './schema.ts'

/** What waits for being published. */
export interface OutboxBacklog {
  /** Counted no further than the limit. */
  readonly count: number
  /** How long the oldest has waited, by the database's clock; 0 where none does. */
  readonly oldestMs: number
}

/** How many events wait for being published, counted no further than `atMost`, and how long the oldest has. */
export async function getOutboxBacklog(kysely: Kysely<Schema>, atMost: number): Promise<OutboxBacklog> {
  const count = await countUnpublished(kysely, atMost)
  const { rows } = await sql<{ oldest_ms: number | null }>`
    select (extract(epoch from clock_timestamp() - min(occurred_at)) * 1000)::float8 as oldest_ms from (
      (select occurred_at from outbox where lane = ${onlyLane} and pub_seq is null order by position limit 1)
      union all
      (select occurred_at from outbox where lane = ${onlyLane} and pub_seq is not null and published_at is null
        order by pub_seq limit 1)
    ) oldest`.execute(kysely)
  return { count, oldestMs: Math.max(0, rows[0]?.oldest_ms ?? 0) }
}
