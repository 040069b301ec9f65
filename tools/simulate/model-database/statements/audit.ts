import type { ModelRow } from '../model-database.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { updateRow } from '../tables/change-row.ts'
import { insertRow } from '../tables/insert-row.ts'
import { byNumber, findByKey, readTable } from './read-table.ts'

/** `appendAudit`. */
const append: StatementModel = function* (at) {
  const rows: ModelRow[] = JSON.parse(String(at.parameters[0]))
  for (const row of rows) yield* insertRow(at, at.server.tables.audit_log, row)
  return { command: 'INSERT', rowCount: rows.length, rows: [] }
}

const time = (row: ModelRow) => (row.occurred_at as Date).getTime()

/** `getChainHead`. */
const readHead: StatementModel = (at) => {
  const lane = findByKey(at, 'lanes', at.parameters[0])?.seen
  const ends = [...readTable(at, 'audit_chain'), ...readTable(at, 'audit_anchors')].sort(byNumber('seq'))
  const { seq = null, hash = null } = ends.at(-1)?.seen ?? {}
  return toSelected(lane === undefined ? [] : [{ seq, hash, settled: lane.published_up_to }])
}

/** The rows of `chainRows` that have no entry. */
const readUnchained: StatementModel = (at) => {
  const [above, limit] = at.parameters
  const chained = new Set(readTable(at, 'audit_chain').map(({ seen }) => seen.row_id))
  const isWaiting = (row: ModelRow) => Number(row.position) > Number(above) && !chained.has(row.id)
  const waiting = readTable(at, 'audit_log', isWaiting).sort(byNumber('position')).slice(0, Number(limit))
  return toSelected(waiting.map(({ seen }) => ({ ...seen, at_text: new Date(time(seen)).toISOString() })))
}

/** The entries that `chainRows` writes, if the term and the end of the chain are as it knows them. */
const link: StatementModel = function* (at) {
  const [count, settled, laneNumber, term, seq, , atTexts, positions, ids, hashes] = at.parameters
  const lane = findByKey(at, 'lanes', laneNumber)
  if (lane === undefined) return toSelected([])
  const isLed = (row: ModelRow) => row.term === term && row.last_pub_seq === seq
  const toNext = (row: ModelRow) => ({
    ...row,
    last_pub_seq: Number(seq) + Number(count),
    published_up_to: settled,
  })
  const moved = isLed(lane.seen) ? yield* updateRow(at, lane, isLed, toNext) : undefined
  for (const [place, rowId] of moved ? (ids as unknown[]).entries() : []) {
    yield* insertRow(at, at.server.tables.audit_chain, {
      seq: Number(seq) + place + 1,
      occurred_at: new Date((atTexts as string[])[place] ?? ''),
      position: (positions as number[])[place],
      row_id: rowId,
      hash: (hashes as Uint8Array[])[place],
    })
  }
  return toSelected([{ term: lane.seen.term, moved: moved !== undefined }])
}

const factColumns = `l.id, l.position,
  to_char(l.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at_text, l.actor_kind, l.actor_id,
  l.on_behalf_of, l.action, l.target_kind, l.target_id, l.user_id, l.outcome, l.reason, l.ip, l.user_agent, l.traceparent,
  l.request_id, l.token_id, l.changed_fields`

/** The audit trail: written like anything else; its parts are always there. */
export const auditStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`insert into audit_log (id, actor_kind, actor_id, on_behalf_of, action, target_kind, target_id, user_id, outcome, reason,
      ip, user_agent, traceparent, request_id, token_id, changed_fields)
    select id, actor_kind, actor_id, on_behalf_of, action, target_kind, target_id, user_id, outcome, reason,
      ip, user_agent, traceparent, request_id, token_id, changed_fields
    from jsonb_to_recordset($1::jsonb) as entry (id uuid, actor_kind text, actor_id text,
      on_behalf_of uuid, action text, target_kind text, target_id text, user_id uuid, outcome text, reason text, ip text,
      user_agent text, traceparent text, request_id text, token_id text, changed_fields text[])`]: append,
  [`select to_char(month, 'YYYYMM') as name, to_char(month, 'YYYY-MM-DD') as begins,
      to_char(month + interval '1 month', 'YYYY-MM-DD') as ends
    from generate_series(date_trunc('month', clock_timestamp() at time zone 'UTC'),
      date_trunc('month', clock_timestamp() at time zone 'UTC') + $1::integer * interval '1 month',
      interval '1 month') as month
    where to_regclass('audit_log_' || to_char(month, 'YYYYMM')) is null
    order by month`]: () => toSelected([]),
  [`select right(part.relname, 6) as name
    from pg_inherits join pg_class part on part.oid = pg_inherits.inhrelid
    where pg_inherits.inhparent = 'audit_log'::regclass and part.relname ~ '^audit_log_[0-9]{6}$'
      and to_date(right(part.relname, 6), 'YYYYMM') + interval '1 month'
        <= (clock_timestamp() at time zone 'UTC') - $1::float8 * interval '1 millisecond'
    order by name`]: () => toSelected([]),
  [`select ended.seq, ended.hash, lanes.published_up_to as settled
    from lanes left join lateral (
      (select seq, hash from audit_chain order by seq desc limit 1)
      union all (select seq, hash from audit_anchors order by seq desc limit 1)
      order by seq desc limit 1
    ) as ended on true
    where lanes.lane = $1`]: readHead,
  [`select ${factColumns} from audit_log l
    where l.position > $1::bigint and not exists (
      select from audit_chain c where c.position = l.position and c.occurred_at = l.occurred_at)
    order by l.position limit $2::bigint`]: readUnchained,
  [`with led as (
      update lanes set last_pub_seq = last_pub_seq + $1::bigint, published_up_to = $2::bigint
      where lane = $3 and term = $4::bigint and last_pub_seq = $5::bigint
      returning last_pub_seq
    ), linked as (
      insert into audit_chain (seq, occurred_at, position, row_id, hash)
      select $6::bigint + place, at_text::timestamptz, position, row_id, hash
      from led, unnest($7::text[], $8::bigint[],
        $9::uuid[], $10::bytea[])
        with ordinality as entry (at_text, position, row_id, hash, place)
    )
    select term, exists (select from led) as moved from lanes where lane = $11`]: link,
})
