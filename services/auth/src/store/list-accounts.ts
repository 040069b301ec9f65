import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import type { User } from '../domain/user.ts'
import { toUsernameKey } from '../domain/user-fields.ts'
import type { Schema } from './schema.ts'
import { toAccount } from './users.ts'

/** Which accounts a list holds; what is not given does not matter. */
export interface AccountFilter {
  readonly status?: User['status'] | undefined
  readonly subscriptionTier?: string | undefined
  readonly role?: string | undefined
  /** What the username begins with. */
  readonly usernamePrefix?: string | undefined
}

/** The accounts with these ids, in no order; ids of nobody and of deleted users are left out. */
export async function findAccounts(db: Kysely<Schema>, ids: readonly UserId[]): Promise<User[]> {
  const rows = await db
    .selectFrom('users')
    .leftJoin('user_logins', 'user_logins.user_id', 'users.id')
    .selectAll('users')
    .select('user_logins.last_login_at')
    .where('users.id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute()
  return rows.flatMap((row) => toAccount(row) ?? [])
}

/** At most `limit` accounts above an id, in the order of ids: UUIDv7, so that of their making. */
export async function listAccounts(
  db: Kysely<Schema>,
  filter: AccountFilter,
  after: UserId | undefined,
  limit: number,
): Promise<User[]> {
  let query = db
    .selectFrom('users')
    .leftJoin('user_logins', 'user_logins.user_id', 'users.id')
    .selectAll('users')
    .select('user_logins.last_login_at')
    .where('users.status', '<>', 'DELETED')
  if (after !== undefined) query = query.where('users.id', '>', after)
  for (const condition of toConditions(filter)) query = query.where(condition)
  const rows = await query.orderBy('users.id').limit(limit).execute()
  return rows.flatMap((row) => toAccount(row) ?? [])
}

function toConditions(filter: AccountFilter): RawBuilder<boolean>[] {
  const { status, subscriptionTier, role, usernamePrefix } = filter
  return [
    ...(status === undefined ? [] : [sql<boolean>`users.status = ${status}`]),
    ...(subscriptionTier === undefined ? [] : [sql<boolean>`users.subscription_tier = ${subscriptionTier}`]),
    ...(role === undefined ? [] : [sql<boolean>`users.roles @> array[${role}]::text[]`]),
    ...(usernamePrefix === undefined
      ? []
      : [sql<boolean>`users.username_key like ${toPattern(usernamePrefix)}`]),
  ]
}

function toPattern(prefix: string): string {
  return `${toUsernameKey(prefix).replace(/[\\%_]/g, '\\$&')}%`
}
