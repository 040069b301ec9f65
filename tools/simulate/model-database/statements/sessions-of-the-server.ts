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
  const channel = /^listen "(\w+)"$/.exec(text)?.[1]
  if (channel === undefined) return undefined
  return ({ transaction: { backend } }) => {
    backend.channels.add(channel)
    return { command: 'LISTEN', rowCount: 0, rows: [] }
  }
}
