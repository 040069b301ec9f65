import type { ModelRow } from '../model-database.ts'
import type { Steps } from '../server/wait.ts'
import type { Execution } from '../sql/expression.ts'
import type { StatementModel } from '../sql/statement.ts'
import { updateRow } from '../tables/change-row.ts'
import { insertOrElse } from '../tables/insert-row.ts'
import { findVisible, type Row } from '../tables/row.ts'
import { findByKey } from './read-table.ts'

/** `parkKey`. */
const parkKey: StatementModel = function* (at) {
  const [kind, key, pub_seq, reason, firstMs, laneNumber, term, longestMs, firstAgainMs] = at.parameters
  const nothing = { command: 'INSERT', rowCount: 0, rows: [] } as const
  if (findByKey(at, 'lanes', laneNumber)?.seen.term !== term) return nothing
  const table = at.server.tables.parked_keys
  const after = (ms: number) => new Date(at.readClock().getTime() + ms)
  const given = { kind, key, pub_seq, reason, retry_at: after(Number(firstMs)) }
  function* parkAgain(_at: Execution, row: Row, excluded: ModelRow): Steps<ModelRow | undefined> {
    const seen = findVisible(row, at.transaction)
    const toNext = (now: ModelRow) => {
      const attempts = Number(now.attempts)
      const delayMs = Math.min(Number(longestMs), Number(firstAgainMs) * 2 ** Math.min(attempts, 30))
      const { pub_seq, reason } = excluded
      return { ...now, pub_seq, reason, attempts: attempts + 1, retry_at: after(delayMs) }
    }
    return seen && (yield* updateRow(at, { row, seen }, () => true, toNext))
  }
  const written = yield* insertOrElse(at, table, given, table.indexes, parkAgain)
  return written ? { command: 'INSERT', rowCount: 1, rows: [] } : nothing
}

/** Keys that wait, beside simple statements. */
export const parkingStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`insert into parked_keys (kind, key, pub_seq, reason, retry_at)
    select $1::text, $2::text, $3::bigint, $4::text, clock_timestamp() + $5::float8 * interval '1 ms'
    from lanes where lane = $6 and term = $7::bigint
    on conflict (kind, key) do update set pub_seq = excluded.pub_seq, reason = excluded.reason,
      attempts = parked_keys.attempts + 1, retry_at = clock_timestamp() + interval '1 ms'
        * least($8::float8, $9::float8 * power(2, least(parked_keys.attempts, 30)))`]: parkKey,
})
