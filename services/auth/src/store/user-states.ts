import { type Kysely, type Selectable, sql } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import type { UserStatus } from '../domain/user.ts'
import { onlyLane } from './outbox.ts'
import type { Schema } from './schema.ts'

/** What everybody may know of a user; of a deleted one only that it is gone. */
export interface UserState {
  readonly userId: UserId
  readonly version: number
  /** When `version` last rose. */
  readonly updatedAt: Date
  /** Whether readers are only told that this version is there: the whole record is refused for good. */
  readonly isWithheld?: boolean
  /** Undefined once the user is deleted. */
  readonly user:
    | {
        readonly username: string
        readonly displayName: string
        readonly status: Exclude<UserStatus, 'DELETED'>
        readonly roles: readonly string[]
        readonly subscriptionTier: string
        readonly createdAt: Date
      }
    | undefined
}

/** An event that changed a user. */
export interface UserChange {
  readonly pubSeq: number
  readonly userId: string
}

/** Numbered events above a number that changed a user, in order. */
export async function listUserChanges(
  kysely: Kysely<Schema>,
  after: number,
  limit: number,
): Promise<UserChange[]> {
  const { rows } = await sql<{ pub_seq: number; user_id: string }>`
    select pub_seq, user_id from outbox
    where lane = ${onlyLane} and pub_seq is not null and pub_seq > ${after}::bigint
      and event in ('user_created', 'user_updated', 'user_deleted')
    order by pub_seq limit ${limit}::bigint`.execute(kysely)
  return rows.map((row) => ({ pubSeq: row.pub_seq, userId: row.user_id }))
}

/** Ids of users that are not deleted, above an id, in order; the first with `after` undefined. */
export async function listLivingUserIds(
  kysely: Kysely<Schema>,
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  const rows = await kysely
    .selectFrom('users')
    .select('id')
    .where('status', '<>', 'DELETED')
    .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Users as they are now, not as some event found them: so what is read later is never older. */
export async function readUserStates(
  kysely: Kysely<Schema>,
  userIds: readonly string[],
): Promise<UserState[]> {
  const { rows } = await sql<Selectable<Schema['users']>>`
    select id, version, status, username, display_name, roles, subscription_tier, created_at, updated_at
    from users where id = any(${[...userIds]}::uuid[])`.execute(kysely)
  return rows.map((row) => ({
    userId: row.id as UserId,
    version: row.version,
    updatedAt: row.updated_at,
    user:
      row.status === 'DELETED'
        ? undefined
        : {
            username: row.username ?? '',
            displayName: row.display_name,
            status: row.status,
            roles: row.roles,
            subscriptionTier: row.subscription_tier,
            createdAt: row.created_at,
          },
  }))
}
