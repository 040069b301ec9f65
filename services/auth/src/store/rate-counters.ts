import { type Kysely, sql } from 'kysely'
import type { CounterState, TakenCount, WantedCount } from '../domain/counter.ts'
import type { Schema } from './schema.ts'

/** Those of the counters whose window has not ended. */
export async function listCounters(db: Kysely<Schema>, keys: readonly string[]): Promise<CounterState[]> {
  const { rows } = await sql<{ key: string; points: number; remaining_ms: number }>`
    select key, points, (extract(epoch from expires_at - statement_timestamp()) * 1000)::float8 as remaining_ms
    from rate_counters
    where key = any(${keys}::text[]) and expires_at > statement_timestamp() and points > 0`.execute(db)
  return rows.map(({ key, points, remaining_ms: remainingMs }) => ({ key, count: points, remainingMs }))
}

/**
 * Counts what is wanted in each, in one statement, limit or not; a counter whose window has ended begins a new one. Rows are locked in the order of
 * their keys, so that no two statements wait for each other. `wanted` is in that order.
 */
export async function raiseCounters(
  db: Kysely<Schema>,
  wanted: readonly WantedCount[],
): Promise<TakenCount[]> {
  const keys = wanted.map(({ key }) => key)
  const windowsMs = wanted.map(({ windowMs }) => windowMs)
  const amounts = wanted.map(({ amount = 1 }) => amount)
  const { rows } = await sql<{ key: string; points: number; expires_at: Date; remaining_ms: number }>`
    insert into rate_counters as counter (key, points, expires_at)
    select key, amount, date_trunc('milliseconds', statement_timestamp()) + window_ms * interval '1 ms'
    from unnest(${keys}::text[], ${windowsMs}::float8[], ${amounts}::int[]) with ordinality as wanted (key, window_ms, amount, place)
    order by place
    on conflict (key) do update set
      points = case when counter.expires_at <= statement_timestamp() then excluded.points else counter.points + excluded.points end,
      expires_at = case when counter.expires_at <= statement_timestamp() then excluded.expires_at else counter.expires_at end
    returning key, points, expires_at,
      (extract(epoch from expires_at - statement_timestamp()) * 1000)::float8 as remaining_ms`.execute(db)
  const amountOf = new Map(wanted.map(({ key, amount = 1 }) => [key, amount]))
  return rows.map(({ key, points, expires_at: windowEndsAt, remaining_ms: remainingMs }) => {
    return { key, count: points, amount: amountOf.get(key) ?? 1, windowEndsAt, remainingMs }
  })
}

/** Takes back what was counted in each, where its window is still the same. */
export async function lowerCounters(db: Kysely<Schema>, taken: readonly TakenCount[]): Promise<void> {
  const keys = taken.map(({ key }) => key)
  const ends = taken.map(({ windowEndsAt }) => windowEndsAt)
  const amounts = taken.map(({ amount = 1 }) => amount)
  await sql`
    with locked as materialized (
      select key from rate_counters where key = any(${keys}::text[]) order by key collate "C" for update
    )
    update rate_counters as counter set points = greatest(counter.points - given.amount, 0)
    from unnest(${keys}::text[], ${ends}::timestamptz[], ${amounts}::int[]) as given (key, expires_at, amount), locked
    where counter.key = given.key and counter.expires_at = given.expires_at and locked.key = counter.key`.execute(
    db,
  )
}

/** Deletes counters. */
export async function deleteCounters(db: Kysely<Schema>, keys: readonly string[]): Promise<void> {
  await sql`
    with locked as materialized (
      select key from rate_counters where key = any(${keys}::text[]) order by key collate "C" for update
    )
    delete from rate_counters using locked where rate_counters.key = locked.key`.execute(db)
}

/** Deletes at most `limit` counters whose window has ended, and none that anybody else has in hand; returns how many. */
export async function deleteEndedCounters(db: Kysely<Schema>, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from rate_counters where key in (
      select key from rate_counters where expires_at <= statement_timestamp() limit ${limit}::bigint for update skip locked
    )`.execute(db)
  return Number(numAffectedRows ?? 0)
}
