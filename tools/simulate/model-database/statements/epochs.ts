import type { ModelRow } from '../model-database.ts'
import type { Server } from '../server/server.ts'
import { toServerError } from '../server/server-error.ts'
import { sleepFor } from '../server/wait.ts'
import type { Execution } from '../sql/expression.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { updateRow } from '../tables/change-row.ts'
import { readTable } from './read-table.ts'

/** `epochText`. */
export function toEpochText(epoch: ModelRow): string {
  return `${epoch.system_id}.${epoch.timeline}.${epoch.counter}`
}

/** `isEpochSettled`. */
export function isEpochSettled(server: Server, epoch: ModelRow): boolean | null {
  if (server.isInRecovery) return null
  return epoch.system_id === server.systemId && epoch.timeline === server.timeline
}

/** The row `epoch` as a snapshot taken now sees it. */
export function findEpoch(at: Execution): ModelRow | undefined {
  return readTable(at, 'epoch')[0]?.seen
}

/** What `settleEpoch` asks for beside simple statements. */
export const epochStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`select system_identifier::text as system_id,
      ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer as timeline
    from pg_control_system()`]: ({ server }) => {
    if (server.isInRecovery) throw toServerError('55000', 'recovery is in progress')
    return toSelected([{ system_id: server.systemId, timeline: server.timeline }])
  },
  "update epoch set counter = counter + 1 returning epoch.system_id || '.' || epoch.timeline || '.' || epoch.counter as epoch":
    function* (at) {
      const [found] = readTable(at, 'epoch')
      const toNext = (now: ModelRow) => ({ ...now, counter: Number(now.counter) + 1 })
      const raised = found && (yield* updateRow(at, found, () => true, toNext))
      const rows = raised ? [{ epoch: toEpochText(raised) }] : []
      return { command: 'UPDATE', rowCount: rows.length, rows }
    },
  'lock table sessions in exclusive mode': function* (at) {
    const { lock } = at.server.tables.sessions
    if (lock) yield* lock.lock(at.transaction, true)
    return { command: 'LOCK', rowCount: 0, rows: [] }
  },
  "select pg_sleep(extract(epoch from $1::timestamptz + interval '1 second' - clock_timestamp()))":
    function* (at) {
      const endMs = (at.parameters[0] as Date).getTime() + 1000
      yield* sleepFor(at.transaction, endMs - at.readClock().getTime())
      return toSelected([{ pg_sleep: '' }])
    },
})
