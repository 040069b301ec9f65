import { CompiledQuery } from 'kysely'
import type { Origin } from '../domain/caller.ts'
import type { SessionId, UserId } from '../domain/ids.ts'
import type { Account } from '../domain/user.ts'
import type { Database } from './database.ts'
import type { Issue, RefreshSecret } from './sessions.ts'

/** The current refresh token of a family, about to be replaced. */
export interface CurrentToken {
  readonly userId: UserId
  readonly sessionId: SessionId
  readonly generation: number
  /** SHA-256 of the token. */
  readonly hash: Uint8Array
  /** Empty: the client that signed in. */
  readonly clientId: string
}

/** What the rotation gave. */
export interface Rotated {
  readonly account: Pick<Account, 'id' | 'username' | 'roles' | 'subscriptionTier' | 'tokenVersion'>
  readonly clientId: string
  readonly issue: Issue
}

// The lock order of protocols.md §0 holds: the user's row is locked while `account` is read, the session's when its row is updated,
// after that. Rows that others changed meanwhile are judged again as they are then (READ COMMITTED, EvalPlanQual): a session ended or
// rotated while this waited does not match any more. The clock is read when the user's lock is held.
const statement = `with account as materialized (
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
returning username, roles, subscription_tier, tv, client_id, t as issued_at, idle_expires_at, absolute_expires_at`

interface RotatedRow {
  readonly username: string
  readonly roles: string[]
  readonly subscription_tier: string
  readonly tv: number
  readonly client_id: string
  readonly issued_at: Date
  readonly idle_expires_at: Date
  readonly absolute_expires_at: Date
}

/**
 * Moves a family to its next generation in one statement, a transaction of its own, if the token is its current one and everything
 * else lets it: what `decideRefresh` calls `rotate`, tested against it. Undefined for any other case: nothing has changed then.
 */
export async function rotateCurrent(
  database: Pick<Database, 'kysely'>,
  token: CurrentToken,
  secret: RefreshSecret,
  origin: Origin,
  idleMs: number,
): Promise<Rotated | undefined> {
  const { rows } = await database.kysely.executeQuery<RotatedRow>(
    CompiledQuery.raw(statement, [
      token.userId,
      token.sessionId,
      token.generation,
      token.hash,
      secret.tokenHash,
      secret.nonce,
      secret.derivationKeyId,
      origin.ip,
      origin.userAgent,
      idleMs,
      token.clientId,
    ]),
  )
  const [row] = rows
  return row && toRotated(token.userId, row)
}

function toRotated(id: UserId, row: RotatedRow): Rotated {
  return {
    account: {
      id,
      username: row.username,
      roles: row.roles,
      subscriptionTier: row.subscription_tier,
      tokenVersion: row.tv,
    },
    clientId: row.client_id,
    issue: {
      issuedAt: row.issued_at,
      refreshExpiresAt: row.idle_expires_at,
      absoluteExpiresAt: row.absolute_expires_at,
    },
  }
}
