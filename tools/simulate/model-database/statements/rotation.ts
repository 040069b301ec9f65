import type { ModelRow } from '../model-database.ts'
import { isSame } from '../sql/expression.ts'
import { type Answer, type StatementModel, toSelected } from '../sql/statement.ts'
import { updateRow } from '../tables/change-row.ts'
import { lockRow } from '../tables/lock-row.ts'
import { strengths } from '../tables/row.ts'
import { findByKey } from './read-table.ts'

const none: Answer = Object.freeze({ command: 'UPDATE', rowCount: 0, rows: [] })

/**
 * `rotateCurrent`: where the session is the one that is meant, the user's row is locked and read, then the clock, then the session is
 * judged in full and locked. PostgreSQL looks at the session first, without a lock, and at no user where there is nothing to rotate.
 */
const rotate: StatementModel = function* (at) {
  const [userId, sessionId, generation, hash, newHash, nonce, keyId, ip, userAgent, idleMs, clientId] =
    at.parameters
  const { lock } = at.server.tables.sessions
  if (lock) yield* lock.lock(at.transaction, false)
  const user = findByKey(at, 'users', userId)
  const session = findByKey(at, 'sessions', sessionId)
  const isActive = (row: ModelRow) => row.status === 'ACTIVE'
  const isMeant = (row: ModelRow) =>
    row.generation === generation &&
    isSame(row.token_hash, hash) &&
    row.ended_at === null &&
    (clientId === '' || row.client_id === clientId)
  if (!session || !isMeant(session.seen) || !user || !isActive(user.seen)) return none
  const account = yield* lockRow(at.transaction, user.row, user.seen, strengths.share, isActive)
  if (account === undefined) return none
  const now = at.readClock()
  const isCurrent = (row: ModelRow) =>
    isMeant(row) &&
    row.user_id === account.id &&
    now < (row.idle_expires_at as Date) &&
    now < (row.absolute_expires_at as Date)
  if (!isCurrent(session.seen)) return none
  const next = yield* updateRow(at, session, isCurrent, (row) => ({
    ...row,
    generation: Number(row.generation) + 1,
    previous_token_hash: row.token_hash,
    token_hash: newHash,
    nonce,
    derivation_key_id: keyId,
    rotated_at: now,
    last_used_at: now,
    rotated_by_ip: ip,
    rotated_by_user_agent: userAgent,
    last_ip: ip,
    last_user_agent: userAgent,
    idle_expires_at: toEarlier(now.getTime() + Number(idleMs), row.absolute_expires_at as Date),
  }))
  return next === undefined ? none : { ...toSelected([toRotated(account, next, now)]), command: 'UPDATE' }
}

function toEarlier(ms: number, instant: Date): Date {
  return ms < instant.getTime() ? new Date(ms) : instant
}

function toRotated(account: ModelRow, session: ModelRow, issuedAt: Date): ModelRow {
  const { roles, subscription_tier, tv, username } = account
  const { absolute_expires_at, client_id, idle_expires_at } = session
  const of = { username, roles, subscription_tier, tv, client_id }
  return { ...of, issued_at: issuedAt, idle_expires_at, absolute_expires_at }
}

/** The rotation in one statement. */
export const rotationStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`with account as materialized (
    select id, username, roles, subscription_tier, tv from users where id = $1::uuid and status = 'ACTIVE' for share
  ), issue as materialized (
    select account.*, clock_timestamp() as t from account
  )
  update sessions set generation = generation + 1, previous_token_hash = token_hash, token_hash = $5::bytea, nonce = $6::bytea,
    derivation_key_id = $7, rotated_at = t, last_used_at = t, rotated_by_ip = $8, rotated_by_user_agent = $9, last_ip = $8,
    last_user_agent = $9, idle_expires_at = least(t + $10::float8 * interval '1 millisecond', absolute_expires_at)
  from issue
  where sessions.id = $2::uuid and sessions.user_id = issue.id and generation = $3::integer and token_hash = $4::bytea
    and ended_at is null and t < idle_expires_at and t < absolute_expires_at and ($11::text = '' or client_id = $11)
  returning username, roles, subscription_tier, tv, client_id, t as issued_at, idle_expires_at, absolute_expires_at`]:
    rotate,
})
