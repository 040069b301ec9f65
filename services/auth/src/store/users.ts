import { type Kysely, type Selectable, sql, type Transaction, type UpdateObject } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import type { Account, UserChanges } from '../domain/user.ts'
import { toEmailKey, toUsernameKey } from '../domain/user-fields.ts'
import type { Schema } from './schema.ts'
import { toUsernameSkeleton } from './to-username-skeleton.ts'

/** By what an account is looked up. */
export type UserLookup =
  | { readonly by: 'id'; readonly value: UserId }
  | { readonly by: 'username' | 'email'; readonly value: string }

/** A new account's facts; an empty e-mail address is none. */
export interface NewUser {
  readonly id: UserId
  readonly username: string
  readonly email: string
  readonly displayName: string
  readonly passwordHash: string
}

/** The account, or undefined where there is none or it was deleted. */
export async function findAccount(db: Kysely<Schema>, lookup: UserLookup): Promise<Account | undefined> {
  // PostgreSQL's text holds no U+0000 and refuses to be asked for it: nobody has such a name.
  if (lookup.value.includes('\0')) return undefined
  const column =
    lookup.by === 'id' ? 'users.id' : lookup.by === 'username' ? 'users.username_key' : 'users.email_key'
  const value =
    lookup.by === 'id'
      ? lookup.value
      : lookup.by === 'username'
        ? toUsernameKey(lookup.value)
        : toEmailKey(lookup.value)
  const row = await db
    .selectFrom('users')
    .leftJoin('user_logins', 'user_logins.user_id', 'users.id')
    .selectAll('users')
    .select('user_logins.last_login_at')
    .where(column, '=', value)
    .executeTakeFirst()
  return row && toAccount(row)
}

/**
 * Locks the user's row and reads it: `share` to issue, `update` to change or revoke (protocols.md §0: the first lock of every
 * such transaction). Undefined where there is no such user or it was deleted.
 */
export async function lockAccount(
  trx: Transaction<Schema>,
  id: UserId,
  mode: 'share' | 'update',
): Promise<Account | undefined> {
  const query =
    mode === 'share'
      ? sql<Selectable<Schema['users']>>`select * from users where id = ${id} for share`
      : sql<Selectable<Schema['users']>>`select * from users where id = ${id} for update`
  const [row] = (await query.execute(trx)).rows
  return row && toAccount({ ...row, last_login_at: null })
}

/** Inserts an account. Throws UniqueViolation `users_username_key`, `users_username_skeleton` or `users_email_key`. */
export async function insertUser(trx: Transaction<Schema>, user: NewUser): Promise<Account> {
  const row = await trx
    .insertInto('users')
    .values({
      id: user.id,
      status: 'ACTIVE',
      username: user.username,
      username_key: toUsernameKey(user.username),
      username_skeleton: toUsernameSkeleton(user.username),
      email: user.email,
      email_key: user.email === '' ? null : toEmailKey(user.email),
      display_name: user.displayName,
      password_hash: user.passwordHash,
      roles: [],
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return requireAccount(toAccount({ ...row, last_login_at: null }))
}

/** Writes changes to a locked row, one version up. Throws UniqueViolation `users_email_key`. */
export async function updateUser(
  trx: Transaction<Schema>,
  id: UserId,
  changes: UserChanges,
  raiseTokenVersion: boolean,
): Promise<Account> {
  const row = await trx
    .updateTable('users')
    .set({
      ...toColumns(changes),
      ...(raiseTokenVersion ? { tv: sql<number>`tv + 1` } : {}),
      version: sql<number>`version + 1`,
      updated_at: sql<Date>`clock_timestamp()`,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return requireAccount(toAccount({ ...row, last_login_at: null }))
}

/**
 * Ends every access token of a locked user that is out; no version, for nothing that others see has changed. Returns the new token
 * version.
 */
export async function raiseTokenVersion(trx: Transaction<Schema>, id: UserId): Promise<number> {
  const { tv } = await trx
    .updateTable('users')
    .set({ tv: sql<number>`tv + 1` })
    .where('id', '=', id)
    .returning('tv')
    .executeTakeFirstOrThrow()
  return tv
}

/** Erases a locked user's personal data; id, status, token version, version and sequence stay. Returns the last of both versions. */
export async function eraseUser(
  trx: Transaction<Schema>,
  id: UserId,
): Promise<{ readonly version: number; readonly tokenVersion: number }> {
  const { version, tv } = await trx
    .updateTable('users')
    .set({
      status: 'DELETED',
      username: null,
      username_key: null,
      username_skeleton: null,
      email: null,
      email_key: null,
      display_name: '',
      roles: [],
      subscription_tier: '',
      password_hash: null,
      tv: sql<number>`tv + 1`,
      version: sql<number>`version + 1`,
      updated_at: sql<Date>`clock_timestamp()`,
    })
    .where('id', '=', id)
    .returning(['version', 'tv'])
    .executeTakeFirstOrThrow()
  await trx.deleteFrom('user_logins').where('user_id', '=', id).execute()
  return { version, tokenVersion: tv }
}

/**
 * Replaces the hash of the same password by a dearer one: no version and no password version. Nothing happens where the password was changed
 * since `verified` was read, or the user deleted.
 */
export async function replacePasswordHash(
  trx: Transaction<Schema>,
  verified: Account,
  passwordHash: string,
): Promise<void> {
  await trx
    .updateTable('users')
    .set({ password_hash: passwordHash })
    .where('id', '=', verified.id)
    .where('password_version', '=', verified.passwordVersion)
    .where('password_hash', '=', verified.passwordHash)
    .execute()
}

/** Notes a login beside the account: no version, no event. */
export async function noteLogin(trx: Transaction<Schema>, id: UserId, at: Date): Promise<void> {
  await trx
    .insertInto('user_logins')
    .values({ user_id: id, last_login_at: at })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ last_login_at: at }))
    .execute()
}

function toColumns(changes: UserChanges): UpdateObject<Schema, 'users'> {
  return {
    ...(changes.email === undefined ? {} : { email: changes.email, email_key: toEmailKey(changes.email) }),
    ...(changes.displayName === undefined ? {} : { display_name: changes.displayName }),
    ...(changes.status === undefined ? {} : { status: changes.status }),
    ...(changes.subscriptionTier === undefined ? {} : { subscription_tier: changes.subscriptionTier }),
    ...(changes.roles === undefined ? {} : { roles: [...changes.roles] }),
    ...(changes.passwordHash === undefined
      ? {}
      : { password_hash: changes.passwordHash, password_version: sql<number>`password_version + 1` }),
  }
}

type UserRow = Selectable<Schema['users']> & { readonly last_login_at: Date | null }

/** An account from its row; undefined for a tombstone. */
export function toAccount(row: UserRow): Account | undefined {
  const { username, email, password_hash, status } = row
  if (status === 'DELETED' || username === null || email === null || password_hash === null) return undefined
  return {
    id: row.id as UserId,
    username,
    email,
    displayName: row.display_name,
    status,
    roles: row.roles,
    subscriptionTier: row.subscription_tier,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastLoginAt: row.last_login_at ?? undefined,
    version: row.version,
    passwordHash: password_hash,
    passwordVersion: row.password_version,
    tokenVersion: row.tv,
  }
}

function requireAccount(account: Account | undefined): Account {
  if (account === undefined) throw new Error('a living account was written and a tombstone came back')
  return account
}
