import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import type { PlatformAccount, PlatformAccountId } from '../domain/platform-account.ts'
import type { Schema } from './schema.ts'

/** Tokens as the database holds them. */
export interface SealedTokens {
  readonly accessToken: Uint8Array
  /** Undefined: the one before stays. */
  readonly refreshToken: Uint8Array | undefined
  readonly lifetimeMs: number
  /** Undefined: as before. */
  readonly scopes: readonly string[] | undefined
  /** When they are renewed in the background, whoever asks. */
  readonly renewInMs: number
}

/** A new account's facts. */
export interface NewPlatformAccount {
  readonly id: PlatformAccountId
  readonly userId: UserId
  readonly platform: string
  readonly subject: string
}

/** Whose an account at a platform is, locked until the transaction ends; undefined where nobody has connected it. */
export async function lockPlatformAccount(
  trx: Transaction<Schema>,
  platform: string,
  subject: string,
): Promise<PlatformAccount | undefined> {
  const row = await trx
    .selectFrom('platform_accounts')
    .selectAll()
    .where('platform', '=', platform)
    .where('subject', '=', subject)
    .forUpdate()
    .executeTakeFirst()
  return row && toPlatformAccount(row)
}

/** Whose an account at a platform is, without a lock. */
export async function findPlatformAccount(
  db: Kysely<Schema>,
  platform: string,
  subject: string,
): Promise<PlatformAccount | undefined> {
  const row = await db
    .selectFrom('platform_accounts')
    .selectAll()
    .where('platform', '=', platform)
    .where('subject', '=', subject)
    .executeTakeFirst()
  return row && toPlatformAccount(row)
}

/** Stores a newly connected account. Throws UniqueViolation `platform_accounts_subject` where somebody was faster. */
export async function insertPlatformAccount(
  trx: Transaction<Schema>,
  account: NewPlatformAccount,
  username: string,
  tokens: SealedTokens,
): Promise<PlatformAccount> {
  const row = await trx
    .insertInto('platform_accounts')
    .values({
      id: account.id,
      user_id: account.userId,
      platform: account.platform,
      subject: account.subject,
      username,
      status: 'ACTIVE',
      connected_at: sql<Date>`clock_timestamp()`,
      scopes: [...(tokens.scopes ?? [])],
      ...toTokenColumns(tokens),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return toPlatformAccount(row)
}

/** Stores the new grant of an account that was connected before. Whoever renews the old one meanwhile has lost. */
export async function reconnectPlatformAccount(
  trx: Transaction<Schema>,
  id: PlatformAccountId,
  username: string,
  tokens: SealedTokens,
): Promise<PlatformAccount> {
  const row = await trx
    .updateTable('platform_accounts')
    .set({
      username,
      status: 'ACTIVE',
      connected_at: sql<Date>`clock_timestamp()`,
      generation: sql<number>`generation + 1`,
      ...(tokens.scopes === undefined ? {} : { scopes: [...tokens.scopes] }),
      ...toTokenColumns(tokens),
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toPlatformAccount(row)
}

/** The accounts of a user, first connected first. */
export async function listPlatformAccounts(db: Kysely<Schema>, userId: UserId): Promise<PlatformAccount[]> {
  const rows = await db
    .selectFrom('platform_accounts')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('id')
    .execute()
  return rows.map(toPlatformAccount)
}

/** Deletes an account of a user and returns it with its sealed tokens; undefined where the user has no such account. */
export async function deletePlatformAccount(
  trx: Transaction<Schema>,
  userId: UserId,
  id: PlatformAccountId,
): Promise<DeletedAccount | undefined> {
  const row = await trx
    .deleteFrom('platform_accounts')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returningAll()
    .executeTakeFirst()
  return row && toDeleted(row)
}

/** Deletes all accounts of a locked user and returns them. Locked first: a renewal must not change what was read. */
export async function deleteUserPlatformAccounts(
  trx: Transaction<Schema>,
  userId: UserId,
): Promise<DeletedAccount[]> {
  const rows = await trx
    .selectFrom('platform_accounts')
    .selectAll()
    .where('user_id', '=', userId)
    .forUpdate()
    .execute()
  await trx.deleteFrom('platform_accounts').where('user_id', '=', userId).execute()
  return rows.map(toDeleted)
}

/** An account that is gone, and what it held. */
export interface DeletedAccount extends PlatformAccount {
  readonly accessToken: Uint8Array | undefined
  readonly refreshToken: Uint8Array | undefined
}

/** A row as it is read. */
export type PlatformAccountRow = Selectable<Schema['platform_accounts']>

/** What new tokens change in a row, but for the generation; a lease ends with them. */
export function toTokenColumns(tokens: SealedTokens) {
  return {
    access_token: tokens.accessToken,
    ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
    access_expires_at: toInstant(tokens.lifetimeMs),
    lease_id: null,
    leased_until: null,
    renew_at: toInstant(tokens.renewInMs),
    failures: 0,
  }
}

function toInstant(inMs: number) {
  return sql<Date>`clock_timestamp() + ${inMs / 1000} * interval '1 second'`
}

function toDeleted(row: PlatformAccountRow): DeletedAccount {
  return {
    ...toPlatformAccount(row),
    accessToken: row.access_token ?? undefined,
    refreshToken: row.refresh_token ?? undefined,
  }
}

/** An account from its row. */
export function toPlatformAccount(row: PlatformAccountRow): PlatformAccount {
  return {
    id: row.id as PlatformAccountId,
    userId: row.user_id as UserId,
    platform: row.platform,
    subject: row.subject,
    username: row.username,
    scopes: row.scopes,
    status: row.status,
    connectedAt: row.connected_at,
  }
}
