import type { ModelRow } from '../model-database.ts'
import { sleepFor } from '../server/wait.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { deleteRow } from '../tables/change-row.ts'
import { insertRow } from '../tables/insert-row.ts'
import { findEpoch, isEpochSettled, toEpochText } from './epochs.ts'
import { byNumber, findByKey, readTable } from './read-table.ts'

/** `insertRevocations`. */
const insertEntries: StatementModel = function* (at) {
  const [coverMs, ids, types, subjects, versions, untils, reasons] = at.parameters as unknown[][]
  const now = at.readClock()
  const epoch = findEpoch(at)
  const expiresAt = new Date(now.getTime() + Number(coverMs))
  const rows: ModelRow[] = []
  for (const [place, id] of (ids ?? []).entries()) {
    const type = types?.[place]
    const expires_at = type === 'KEY' || type === 'ISSUER' ? null : expiresAt
    yield* insertRow(at, at.server.tables.revocations, {
      id,
      type,
      subject: subjects?.[place],
      min_tv: versions?.[place],
      until: untils?.[place],
      reason: reasons?.[place],
      committed_at: now,
      expires_at,
    })
    rows.push({ committed_at: now, expires_at, epoch: epoch ? toEpochText(epoch) : null })
  }
  return toSelected(rows)
}

/** `lookAtRevocations`: one snapshot, and a clock that is read after it. */
const look: StatementModel = function* (at) {
  const [laneNumber, after, limit] = at.parameters
  const lane = findByKey(at, 'lanes', laneNumber)?.seen
  const epoch = findEpoch(at)
  const unnumbered = readTable(at, 'revocations', (row) => row.rseq === null)
  const isAfter = (row: ModelRow) => after !== null && row.rseq !== null && Number(row.rseq) > Number(after)
  const entries = readTable(at, 'revocations', isAfter).sort(byNumber('rseq')).slice(0, Number(limit))
  if (lane === undefined || epoch === undefined) return toSelected([])
  yield* sleepFor(at.transaction, at.server.latency.executionMs())
  const state = {
    epoch: toEpochText(epoch),
    settled: isEpochSettled(at.server, epoch),
    term: lane.term,
    rseq_hi: lane.last_pub_seq,
    waiting: unnumbered.length > 0,
    database_time: at.readClock(),
  }
  if (entries.length === 0) return toSelected([{ ...state, id: null }])
  return toSelected(entries.map(({ seen }) => ({ ...state, ...toEntry(seen, seen.epoch) })))
}

function toEntry(row: ModelRow, numberedIn: unknown): ModelRow {
  const { committed_at, expires_at, id, min_tv, reason, rseq, subject, type, until } = row
  return { id, type, subject, min_tv, until, reason, committed_at, expires_at, rseq, numbered_in: numberedIn }
}

/** `listWaitingRevocations`. */
const listWaiting: StatementModel = (at) => {
  const epoch = findEpoch(at)
  if (epoch === undefined) return toSelected([])
  const waiting = readTable(at, 'revocations', (row) => row.rseq === null)
  return toSelected(waiting.map(({ seen }) => ({ ...seen, numbered_in: toEpochText(epoch) })))
}

/** `deleteExpiredRevocations`. */
const deleteExpired: StatementModel = function* (at) {
  const nowMs = at.readClock().getTime()
  const isExpired = ({ expires_at: expiresAt, rseq }: ModelRow) =>
    expiresAt instanceof Date && expiresAt.getTime() < nowMs && rseq !== null
  const expired = readTable(at, 'revocations', isExpired).sort((a, b) => toMs(a.seen) - toMs(b.seen))
  let rowCount = 0
  for (const one of expired.slice(0, Number(at.parameters[0]))) {
    if ((yield* deleteRow(at, one, () => true)) !== undefined) rowCount += 1
  }
  return { command: 'DELETE', rowCount, rows: [] }
}

/** `findPackedPage`. */
const listPacked: StatementModel = (at) => {
  const [after, upTo, limit] = at.parameters.map(Number)
  const isMeant = ({ rseq }: ModelRow) =>
    rseq !== null && Number(rseq) > Number(after) && Number(rseq) <= Number(upTo)
  const page = readTable(at, 'revocations', isMeant).sort(byNumber('rseq')).slice(0, limit)
  const groups = Map.groupBy(page, ({ seen }) => seen.type)
  return toSelected(
    [...groups].map(([type, found]) =>
      toGroup(
        type,
        found.map(({ seen }) => seen),
      ),
    ),
  )
}

function toGroup(type: unknown, rows: readonly ModelRow[]): ModelRow {
  const join = (values: readonly unknown[], by: string) => {
    const given = values.filter((value) => value !== null)
    return given.length > 0 ? given.join(by) : null
  }
  return {
    type,
    count: rows.length,
    last: Math.max(...rows.map(({ rseq }) => Number(rseq))),
    subjects: join(
      rows.map(({ subject }) => subject),
      '\n',
    ),
    expires: join(
      rows.map(({ expires_at }) => expires_at && Math.ceil(Number(expires_at) / 1000)),
      ',',
    ),
    min_tvs: join(
      rows.map(({ min_tv }) => min_tv),
      ',',
    ),
  }
}

const toMs = (row: ModelRow) => (row.expires_at as Date).getTime()

const columns = `entry.id, entry.type, entry.subject, entry.min_tv, entry.until, entry.reason, entry.committed_at,
  entry.expires_at, entry.rseq, entry.epoch as numbered_in`
const settled = `case when not pg_is_in_recovery() then
  epoch.system_id = (select system_identifier::text from pg_control_system())
  and epoch.timeline = ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end`
const epochText = `epoch.system_id || '.' || epoch.timeline || '.' || epoch.counter`

/** The table of revocations. */
export const revocationStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`with inserted as (
      insert into revocations (id, type, subject, min_tv, until, reason, committed_at, expires_at)
      select id, type, subject, min_tv, until, reason, t,
        case when type not in ('KEY', 'ISSUER') then t + $1::float8 * interval '1 millisecond' end
      from (select clock_timestamp() as t) as clock, unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[],
        $6::timestamptz[], $7::text[]) as entry (id, type, subject, min_tv, until, reason)
      returning id, committed_at, expires_at
    )
    select committed_at, expires_at, (select system_id || '.' || timeline || '.' || counter from epoch) as epoch
    from inserted order by array_position($8::uuid[], id)`]: insertEntries,
  [`with state as materialized (
      select ${epochText} as epoch, ${settled} as settled, term, last_pub_seq as rseq_hi,
        exists (select from revocations where rseq is null) as waiting, clock_timestamp() as database_time
      from lanes, epoch where lane = $1
    )
    select state.*, ${columns}
    from state left join lateral (
      select * from revocations where rseq > $2::bigint order by rseq limit $3::bigint
    ) entry on true
    order by rseq`]: look,
  [`select entry.*, ${epochText} as numbered_in from (select * from revocations where rseq is null) entry, epoch`]:
    listWaiting,
  [`select type, count(*) as count, max(rseq) as last, string_agg(subject, E'\n') as subjects,
      string_agg(ceil(date_part('epoch', expires_at))::bigint::text, ',') as expires, string_agg(min_tv::text, ',') as min_tvs
    from (
      select type, rseq, subject, expires_at, min_tv from revocations
      where rseq > $1::bigint and rseq <= $2::bigint order by rseq limit $3::bigint
    ) page group by type`]: listPacked,
  [`delete from revocations where id in (
      select id from revocations where expires_at < clock_timestamp() and rseq is not null
      order by expires_at limit $1::bigint
    )`]: deleteExpired,
})
