import type { ModelRow } from '../model-database.ts'
import type { Steps } from '../server/wait.ts'
import type { Execution } from '../sql/expression.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { deleteRow, type Found, updateRow } from '../tables/change-row.ts'
import { insertOrElse } from '../tables/insert-row.ts'
import { lockRow } from '../tables/lock-row.ts'
import { findVisible, type Row, strengths } from '../tables/row.ts'
import { findByKey, readTable } from './read-table.ts'

const hasEnded = (at: Execution, row: ModelRow) => (row.expires_at as Date) <= at.startedAt

const toRemainingMs = (at: Execution, row: ModelRow) =>
  (row.expires_at as Date).getTime() - at.startedAt.getTime()

/** `listCounters`. */
const list: StatementModel = (at) => {
  const keys = new Set(at.parameters[0] as string[])
  const isMeant = (row: ModelRow) =>
    keys.has(row.key as string) && !hasEnded(at, row) && Number(row.points) > 0
  return toSelected(
    readTable(at, 'rate_counters', isMeant).map(({ seen }) => {
      return { key: seen.key, points: seen.points, remaining_ms: toRemainingMs(at, seen) }
    }),
  )
}

/** `raiseCounters`. */
const raise: StatementModel = function* (at) {
  const [keys, windowsMs, amounts] = at.parameters as [string[], number[], number[]]
  const table = at.server.tables.rate_counters
  function* raiseOne(_at: Execution, row: Row, excluded: ModelRow): Steps<ModelRow | undefined> {
    const seen = findVisible(row, at.transaction)
    const toNext = (now: ModelRow) =>
      hasEnded(at, now)
        ? { ...now, points: excluded.points, expires_at: excluded.expires_at }
        : { ...now, points: Number(now.points) + Number(excluded.points) }
    return seen && (yield* updateRow(at, { row, seen }, () => true, toNext))
  }
  const rows: ModelRow[] = []
  for (const [place, key] of keys.entries()) {
    const expires_at = new Date(Math.floor(at.startedAt.getTime()) + Number(windowsMs[place]))
    const written = yield* insertOrElse(
      at,
      table,
      { key, points: Number(amounts[place]), expires_at },
      table.indexes,
      raiseOne,
    )
    if (written) rows.push({ ...written, remaining_ms: toRemainingMs(at, written) })
  }
  return { ...toSelected(rows), command: 'INSERT' }
}

/** The rows of the keys, locked in the order of the keys. */
function* lockCounters(at: Execution, keys: readonly string[]): Steps<Found[]> {
  const found = keys.toSorted().flatMap((key) => findByKey(at, 'rate_counters', key) ?? [])
  const locked: Found[] = []
  for (const { row, seen } of found) {
    const newest = yield* lockRow(at.transaction, row, seen, strengths.update, () => true)
    if (newest) locked.push({ row, seen: newest })
  }
  return locked
}

/** `lowerCounters`. */
const lower: StatementModel = function* (at) {
  const [keys, , ends, amounts] = at.parameters as [string[], string[], Date[], number[]]
  let rowCount = 0
  for (const one of yield* lockCounters(at, keys)) {
    const place = keys.indexOf(one.seen.key as string)
    if ((one.seen.expires_at as Date).getTime() !== ends[place]?.getTime()) continue
    const amount = Number(amounts[place])
    const toNext = (now: ModelRow) => ({ ...now, points: Math.max(Number(now.points) - amount, 0) })
    if (yield* updateRow(at, one, () => true, toNext)) rowCount += 1
  }
  return { command: 'UPDATE', rowCount, rows: [] }
}

/** `deleteCounters`. */
const forget: StatementModel = function* (at) {
  const locked = yield* lockCounters(at, at.parameters[0] as string[])
  for (const one of locked) yield* deleteRow(at, one, () => true)
  return { command: 'DELETE', rowCount: locked.length, rows: [] }
}

/** `deleteEndedCounters`. */
const deleteEnded: StatementModel = function* (at) {
  const isFree = ({ row }: Found) => row.writer === undefined && row.held.length === 0
  const ended = readTable(at, 'rate_counters', (row) => hasEnded(at, row)).filter(isFree)
  let rowCount = 0
  for (const one of ended.slice(0, Number(at.parameters[0]))) {
    if (yield* deleteRow(at, one, (row) => hasEnded(at, row))) rowCount += 1
  }
  return { command: 'DELETE', rowCount, rows: [] }
}

/** Counters of attempts. */
export const counterStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`select key, points, (extract(epoch from expires_at - statement_timestamp()) * 1000)::float8 as remaining_ms
    from rate_counters
    where key = any($1::text[]) and expires_at > statement_timestamp() and points > 0`]: list,
  [`insert into rate_counters as counter (key, points, expires_at)
    select key, amount, date_trunc('milliseconds', statement_timestamp()) + window_ms * interval '1 ms'
    from unnest($1::text[], $2::float8[], $3::int[]) with ordinality as wanted (key, window_ms, amount, place)
    order by place
    on conflict (key) do update set
      points = case when counter.expires_at <= statement_timestamp() then excluded.points else counter.points + excluded.points end,
      expires_at = case when counter.expires_at <= statement_timestamp() then excluded.expires_at else counter.expires_at end
    returning key, points, expires_at,
      (extract(epoch from expires_at - statement_timestamp()) * 1000)::float8 as remaining_ms`]: raise,
  [`with locked as materialized (
      select key from rate_counters where key = any($1::text[]) order by key collate "C" for update
    )
    update rate_counters as counter set points = greatest(counter.points - given.amount, 0)
    from unnest($2::text[], $3::timestamptz[], $4::int[]) as given (key, expires_at, amount), locked
    where counter.key = given.key and counter.expires_at = given.expires_at and locked.key = counter.key`]:
    lower,
  [`with locked as materialized (
      select key from rate_counters where key = any($1::text[]) order by key collate "C" for update
    )
    delete from rate_counters using locked where rate_counters.key = locked.key`]: forget,
  [`delete from rate_counters where key in (
      select key from rate_counters where expires_at <= statement_timestamp() limit $1::bigint for update skip locked
    )`]: deleteEnded,
})
