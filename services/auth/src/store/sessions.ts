import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Origin } from '../domain/caller.ts'
import type { SessionId, UserId } from '../domain/ids.ts'
import type { ClientInfo, LiveSession, Session } from '../domain/session.ts'
import type { Schema } from './schema.ts'

/** The secret half of a refresh token's row: its hash, and what derives the token again. */
export interface RefreshSecret {
  readonly tokenHash: Uint8Array
  readonly nonce: Uint8Array
  readonly derivationKeyId: string
}

/** How long refresh tokens live. */
export interface RefreshLifetimes {
  readonly idleMs: number
  readonly maxMs: number
}

/** When tokens were issued, by the database's clock, and when the refresh token ends. */
export interface Issue {
  readonly issuedAt: Date
  readonly refreshExpiresAt: Date
  readonly absoluteExpiresAt: Date
}

/** Opens a session; the caller holds the user's row. Every instant is the database's. */
export async function insertSession(
  trx: Transaction<Schema>,
  session: {
    readonly id: SessionId
    readonly userId: UserId
    readonly client: ClientInfo
    readonly origin: Origin
  },
  secret: RefreshSecret,
  lifetimes: RefreshLifetimes,
): Promise<Issue> {
  const { rows } = await sql<IssueRow>`
    insert into sessions (id, user_id, client_id, device_name, created_at, last_used_at, last_ip, last_user_agent,
      generation, token_hash, nonce, derivation_key_id, idle_expires_at, absolute_expires_at)
    select ${session.id}::uuid, ${session.userId}::uuid, ${session.client.clientId}, ${session.client.deviceName}, t, t,
      ${session.origin.ip}, ${session.origin.userAgent}, 1, ${secret.tokenHash}::bytea, ${secret.nonce}::bytea,
      ${secret.derivationKeyId}, t + least(${lifetimes.idleMs}::float8, ${lifetimes.maxMs}::float8) * interval '1 millisecond',
      t + ${lifetimes.maxMs}::float8 * interval '1 millisecond'
    from (select clock_timestamp() as t) as clock
    returning created_at as issued_at, idle_expires_at, absolute_expires_at`.execute(trx)
  return toIssue(rows)
}

/** Locks a session's row and reads it, with the database's clock; the caller holds its user's row. */
export async function lockSession(
  trx: Transaction<Schema>,
  id: SessionId,
): Promise<{ readonly session: Session; readonly now: Date } | undefined> {
  const row = await trx
    .selectFrom('sessions')
    .selectAll()
    .select(sql<Date>`clock_timestamp()`.as('now'))
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return row && { session: toSession(row), now: row.now }
}

/** Moves a locked family to its next generation. */
export async function rotateSession(
  trx: Transaction<Schema>,
  id: SessionId,
  secret: RefreshSecret,
  origin: Origin,
  idleMs: number,
): Promise<Issue> {
  const { rows } = await sql<IssueRow>`
    update sessions set generation = generation + 1, previous_token_hash = token_hash, token_hash = ${secret.tokenHash}::bytea,
      nonce = ${secret.nonce}::bytea, derivation_key_id = ${secret.derivationKeyId}, rotated_at = t, last_used_at = t,
      rotated_by_ip = ${origin.ip}, rotated_by_user_agent = ${origin.userAgent},
      last_ip = ${origin.ip}, last_user_agent = ${origin.userAgent},
      idle_expires_at = least(t + ${idleMs}::float8 * interval '1 millisecond', absolute_expires_at)
    from (select clock_timestamp() as t) as clock
    where id = ${id}::uuid
    returning rotated_at as issued_at, idle_expires_at, absolute_expires_at`.execute(trx)
  return toIssue(rows)
}

/** Ends one session; false where it had ended or is not there. */
export async function endSession(trx: Transaction<Schema>, id: SessionId): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('sessions')
    .set({ ended_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/**
 * Ends all sessions of a user, but for one. A statement of its own after the one that locked the user's row: its snapshot sees
 * every session committed while that lock was waited for.
 */
export async function endUserSessions(
  trx: Transaction<Schema>,
  userId: UserId,
  keep?: SessionId,
): Promise<void> {
  let query = trx
    .updateTable('sessions')
    .set({ ended_at: sql<Date>`clock_timestamp()` })
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
  if (keep !== undefined) query = query.where('id', '<>', keep)
  await query.execute()
}

/** Forgets what a deleted user's sessions tell of the person; ids and ends stay, so that tokens stay refused. */
export async function eraseUserSessions(trx: Transaction<Schema>, userId: UserId): Promise<void> {
  await trx
    .updateTable('sessions')
    .set({
      device_name: '',
      last_ip: '',
      last_user_agent: '',
      rotated_by_ip: null,
      rotated_by_user_agent: null,
    })
    .where('user_id', '=', userId)
    .execute()
}

/** A user's sessions that have neither ended nor expired by the database's clock, last used first. */
export async function listLiveSessions(
  db: Kysely<Schema>,
  userId: UserId,
  limit: number,
): Promise<LiveSession[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'client_id', 'device_name', 'created_at', 'last_used_at', 'last_ip', 'last_user_agent'])
    .select('idle_expires_at')
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .where(sql<boolean>`clock_timestamp() < least(idle_expires_at, absolute_expires_at)`)
    .orderBy('last_used_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id as SessionId,
    clientId: row.client_id,
    deviceName: row.device_name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    lastIp: row.last_ip,
    lastUserAgent: row.last_user_agent,
    expiresAt: row.idle_expires_at,
  }))
}

/** Whose session it is, ended or not; undefined where there is none. */
export async function findSessionOwner(db: Kysely<Schema>, id: SessionId): Promise<UserId | undefined> {
  const row = await db.selectFrom('sessions').select('user_id').where('id', '=', id).executeTakeFirst()
  return row?.user_id as UserId | undefined
}

interface IssueRow {
  readonly issued_at: Date
  readonly idle_expires_at: Date
  readonly absolute_expires_at: Date
}

function toIssue(rows: readonly IssueRow[]): Issue {
  const [row] = rows
  if (row === undefined) throw new Error('the session is not there though its row is locked')
  return {
    issuedAt: row.issued_at,
    refreshExpiresAt: row.idle_expires_at,
    absoluteExpiresAt: row.absolute_expires_at,
  }
}

function toSession(row: Selectable<Schema['sessions']>): Session {
  return {
    id: row.id as SessionId,
    userId: row.user_id as UserId,
    clientId: row.client_id,
    deviceName: row.device_name,
    endedAt: row.ended_at ?? undefined,
    absoluteExpiresAt: row.absolute_expires_at,
    idleExpiresAt: row.idle_expires_at,
    generation: row.generation,
    tokenHash: row.token_hash,
    nonce: row.nonce,
    derivationKeyId: row.derivation_key_id,
    previousTokenHash: row.previous_token_hash ?? undefined,
    rotatedAt: row.rotated_at ?? undefined,
    rotatedByIp: row.rotated_by_ip ?? undefined,
    rotatedByUserAgent: row.rotated_by_user_agent ?? undefined,
  }
}
