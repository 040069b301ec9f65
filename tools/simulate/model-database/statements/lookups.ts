import type { ModelRow } from '../model-database.ts'
import type { Execution } from '../sql/expression.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { findEpoch, isEpochSettled, toEpochText } from './epochs.ts'
import { findByKey, readTable } from './read-table.ts'

interface Revoked {
  readonly tokens: ReadonlySet<unknown>
  readonly keys: ReadonlySet<unknown>
  /** Whole seconds, or undefined. */
  readonly issuedUntil: number | undefined
}

/** The strict look-up of `makeSessionLookup`: what speaks against tokens, on all levels. */
const lookUp: StatementModel = (at) => {
  const epoch = findEpoch(at)
  const [sessions, users, versions, tokens, keys, seconds, issuer] = at.parameters as unknown[][]
  const revoked = readRevoked(at, issuer)
  const faults: [number, unknown][] = []
  for (const [place, sessionId] of (sessions ?? []).entries()) {
    const user = findByKey(at, 'users', users?.[place])?.seen
    const session = findByKey(at, 'sessions', sessionId)?.seen
    const isLive =
      user?.status === 'ACTIVE' &&
      Number(user.tv) <= Number(versions?.[place]) &&
      isOpen(session, users?.[place]) &&
      !revoked.tokens.has(tokens?.[place]) &&
      !revoked.keys.has(keys?.[place]) &&
      !(revoked.issuedUntil !== undefined && Number(seconds?.[place]) <= revoked.issuedUntil)
    if (!isLive) faults.push([place + 1, user?.status ?? null])
  }
  return toSelected([
    {
      checked_at: at.startedAt,
      epoch: epoch ? toEpochText(epoch) : null,
      settled: epoch ? isEpochSettled(at.server, epoch) : null,
      faults: faults.length > 0 ? faults : null,
    },
  ])
}

function isOpen(session: ModelRow | undefined, userId: unknown): boolean {
  return session !== undefined && session.user_id === userId && session.ended_at === null
}

function readRevoked(at: Execution, issuer: unknown): Revoked {
  const tokens = new Set<unknown>()
  const keys = new Set<unknown>()
  let untilMs: number | undefined
  for (const { seen } of readTable(at, 'revocations')) {
    const { subject, type, until } = seen
    if (type === 'TOKEN') tokens.add(subject)
    else if (type === 'KEY') keys.add(subject)
    else if (type === 'ISSUER' && subject === issuer)
      untilMs = Math.max(untilMs ?? 0, (until as Date).getTime())
  }
  // PostgreSQL's cast to bigint rounds.
  return { tokens, keys, issuedUntil: untilMs === undefined ? undefined : Math.round(untilMs / 1000) }
}

/** The strict look-up. */
export const lookupStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`select statement_timestamp() as checked_at,
    (select epoch.system_id || '.' || epoch.timeline || '.' || epoch.counter from epoch) as epoch,
    (select case when not pg_is_in_recovery() then
      epoch.system_id = (select system_identifier::text from pg_control_system())
      and epoch.timeline = ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end from epoch) as settled, (
    select json_agg(json_build_array(asked.place, users.status))
    from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[])
      with ordinality as asked (session_id, user_id, tv, token_id, key_id, iat, place)
    left join users on users.id = asked.user_id
    left join sessions on sessions.id = asked.session_id and sessions.user_id = asked.user_id
    where users.status is distinct from 'ACTIVE' or users.tv > asked.tv or sessions.id is null or sessions.ended_at is not null
      or exists (select from revocations where type = 'TOKEN' and subject = asked.token_id)
      or asked.key_id = any(array(select subject from revocations where type = 'KEY'))
      or asked.iat <= (select extract(epoch from max(until)) from revocations where type = 'ISSUER' and subject = $7)::bigint
  ) as faults`]: lookUp,
})
