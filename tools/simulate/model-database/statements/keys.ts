import { type StatementModel, toSelected } from '../sql/statement.ts'
import { findEpoch, isEpochSettled } from './epochs.ts'
import { readTable } from './read-table.ts'

/** All keys, oldest first, beside the clock: a row without a key where there are none. */
function makeRead(
  toClock: (at: Parameters<StatementModel>[0]) => Readonly<Record<string, unknown>>,
): StatementModel {
  return (at) => {
    const clock = toClock(at)
    const keys = readTable(at, 'keys').map(({ seen }) => seen)
    keys.sort((a, b) => Number(a.created_at) - Number(b.created_at) || (String(a.id) < String(b.id) ? -1 : 1))
    return toSelected(
      keys.length === 0 ? [{ ...clock, id: null }] : keys.map((key) => ({ ...clock, ...key })),
    )
  }
}

const columns = `keys.id, keys.purpose, keys.algorithm, keys.public_jwk, keys.sealed, keys.created_at, keys.signs_from,
  keys.retired_at, keys.revoked_at`
const settled = `case when not pg_is_in_recovery() then
  epoch.system_id = (select system_identifier::text from pg_control_system())
  and epoch.timeline = ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end`

/** The table of keys, beside simple statements. */
export const keyStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`select clock.*, ${columns} from (
      select statement_timestamp() as as_of, (select ${settled} from epoch) as settled
    ) as clock left join keys on true
    order by keys.created_at, keys.id`]: makeRead((at) => {
    const epoch = findEpoch(at)
    return { as_of: at.startedAt, settled: epoch ? isEpochSettled(at.server, epoch) : null }
  }),
  [`select clock.*, ${columns} from (select clock_timestamp() as as_of) as clock left join keys on true
    order by keys.created_at, keys.id`]: makeRead((at) => ({ as_of: at.readClock() })),
  'lock table keys in share row exclusive mode': function* (at) {
    const { lock } = at.server.tables.keys
    if (lock) yield* lock.lock(at.transaction, true)
    return { command: 'LOCK', rowCount: 0, rows: [] }
  },
})
