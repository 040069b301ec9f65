import { type Kysely, sql } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import type { Schema } from './schema.ts'

/** A connection or login that was begun, as the database holds it. */
export interface BegunConnection {
  readonly stateHash: Uint8Array
  readonly purpose: 'CONNECT' | 'LOGIN'
  /** Nobody yet, where it is a login. */
  readonly userId: UserId | undefined
  readonly platform: string
  readonly redirectUri: string
  /** Code verifier and nonce. */
  readonly sealed: Uint8Array
  /** Of what the browser shows beside the state. */
  readonly proofHash: Uint8Array | undefined
}

/** Notes what was begun, for `lifetimeMs` of the database's clock. Returns until when. */
export async function insertConnection(
  db: Kysely<Schema>,
  begun: BegunConnection,
  lifetimeMs: number,
): Promise<Date> {
  const row = await db
    .insertInto('platform_connections')
    .values({
      state_hash: begun.stateHash,
      purpose: begun.purpose,
      user_id: begun.userId ?? null,
      platform: begun.platform,
      redirect_uri: begun.redirectUri,
      sealed: begun.sealed,
      proof_hash: begun.proofHash ?? null,
      expires_at: sql<Date>`clock_timestamp() + ${lifetimeMs / 1000} * interval '1 second'`,
    })
    .returning('expires_at')
    .executeTakeFirstOrThrow()
  return row.expires_at
}

/** Which begun connection is meant. All that is given must be as it was begun with. */
export interface ConnectionLookup {
  readonly stateHash: Uint8Array
  readonly purpose: 'CONNECT' | 'LOGIN'
  readonly userId?: UserId
  readonly platform?: string
  readonly redirectUri?: string
  readonly proofHash?: Uint8Array
}

/** Takes what was begun away and returns it: of several calls one has it. Undefined where there is none, or it is too old. */
export async function takeConnection(
  db: Kysely<Schema>,
  lookup: ConnectionLookup,
): Promise<BegunConnection | undefined> {
  let query = db
    .deleteFrom('platform_connections')
    .where('state_hash', '=', lookup.stateHash)
    .where('purpose', '=', lookup.purpose)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
  if (lookup.userId !== undefined) query = query.where('user_id', '=', lookup.userId)
  if (lookup.platform !== undefined) query = query.where('platform', '=', lookup.platform)
  if (lookup.redirectUri !== undefined) query = query.where('redirect_uri', '=', lookup.redirectUri)
  if (lookup.proofHash !== undefined) query = query.where('proof_hash', '=', lookup.proofHash)
  const row = await query.returningAll().executeTakeFirst()
  return (
    row && {
      stateHash: row.state_hash,
      purpose: row.purpose,
      userId: (row.user_id ?? undefined) as UserId | undefined,
      platform: row.platform,
      redirectUri: row.redirect_uri,
      sealed: row.sealed,
      proofHash: row.proof_hash ?? undefined,
    }
  )
}

/** Forgets what a user has begun but for the newest `keep`. */
export async function trimConnections(db: Kysely<Schema>, userId: UserId, keep: number): Promise<void> {
  await sql`delete from platform_connections where state_hash in (
    select state_hash from platform_connections where user_id = ${userId}
    order by expires_at desc, state_hash offset ${keep}::bigint
  )`.execute(db)
}

/** Forgets what a user has begun. */
export async function deleteUserConnections(db: Kysely<Schema>, userId: UserId): Promise<void> {
  await db.deleteFrom('platform_connections').where('user_id', '=', userId).execute()
}

/** Forgets what is too old, at most so many. */
export async function deleteOldConnections(db: Kysely<Schema>, max: number): Promise<void> {
  await sql`delete from platform_connections where state_hash in (
    select state_hash from platform_connections where expires_at < clock_timestamp() limit ${max}
  )`.execute(db)
}
