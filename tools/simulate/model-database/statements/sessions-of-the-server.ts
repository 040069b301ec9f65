import { type StatementModel, toSelected } from '../sql/statement.ts'

/** What a connection asks about itself and others: locks that live with it, notifications, time-outs. */
export const serverStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  'select pg_backend_pid() as pid': ({ transaction }) => toSelected([{ pid: transaction.backend.id }]),
  'select pg_try_advisory_lock($1, $2) as taken': ({ parameters, server, transaction: { backend } }) => {
    const lock = parameters.join('/')
    const isFree = server.advisoryLocks.get(lock)?.expire() ?? true
    if (isFree) server.advisoryLocks.set(lock, backend)
    return toSelected([{ taken: isFree }])
  },
  [`select from pg_locks where locktype = 'advisory' and classid = $1::bigint::oid
    and objid = $2::bigint::oid and granted
    and database = (select oid from pg_database where datname = current_database())`]: ({
    parameters,
    server,
  }) => {
    const isFree = server.advisoryLocks.get(parameters.join('/'))?.expire() ?? true
    return toSelected(isFree ? [] : [{}])
  },
  "select pg_notify($1, ''), set_config('synchronous_commit', 'off', true)": ({
    parameters,
    transaction,
  }) => {
    transaction.notifications.push(String(parameters[0]))
    return toSelected([{ pg_notify: '' }])
  },
})

const settings =
  /^set lock_timeout = 5000; set idle_in_transaction_session_timeout = (\d+); set idle_session_timeout = (\d+)$/

const drawn = /^select last_value, is_called from (outbox|revocations|audit_log)_position_seq$/
const writing =
  /^select virtualtransaction as name from pg_locks where locktype = 'relation' and relation = '(outbox|revocations|audit_log)'::regclass and mode = 'RowExclusiveLock' and database = \(select oid from pg_database where datname = current_database\(\)\)$/

/**
 * `lookAtWriters`. The model's transactions hold the lock from their first row on, PostgreSQL's from a little earlier: a position is drawn with
 * the row in both.
 */
function findLookAtWriters(text: string): StatementModel | undefined {
  const toTable = (match: RegExpExecArray | null) =>
    match?.[1] as 'outbox' | 'revocations' | 'audit_log' | undefined
  const sequence = toTable(drawn.exec(text))
  if (sequence)
    return ({ server }) => {
      const { sequence: last } = server.tables[sequence]
      return toSelected([{ last_value: Math.max(last, 1), is_called: last > 0 }])
    }
  const table = toTable(writing.exec(text))
  if (table === undefined) return undefined
  return ({ server }) => {
    const writers = new Set([...server.tables[table].rows].flatMap(({ writer }) => writer ?? []))
    return toSelected([...writers].map(({ number }) => ({ name: String(number) })))
  }
}

/** The model of a statement whose text has numbers or names in it, or undefined. */
export function findSessionStatement(text: string): StatementModel | undefined {
  const times = settings.exec(text)
  if (times) {
    return ({ transaction: { backend } }) => {
      backend.idleInTransactionMs = Number(times[1])
      backend.idleSessionMs = Number(times[2])
      return toSelected([])
    }
  }
  if (/^analyze \w+$/.test(text)) return () => toSelected([])
  const looked = findLookAtWriters(text)
  if (looked) return looked
  const channel = /^listen "(\w+)"$/.exec(text)?.[1]
  if (channel === undefined) return undefined
  return ({ transaction: { backend } }) => {
    backend.channels.add(channel)
    return { command: 'LISTEN', rowCount: 0, rows: [] }
  }
}
