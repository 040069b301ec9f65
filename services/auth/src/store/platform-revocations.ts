import { type Kysely, sql } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import type { PlatformAccountId, TokenColumn } from '../domain/platform-account.ts'
import type { Schema } from './schema.ts'

/** A grant that is to be revoked at its platform. */
export interface PendingRevocation {
  readonly id: string
  readonly userId: UserId
  readonly platform: string
  readonly accountId: PlatformAccountId
  /** The account's id at the platform; undefined where an older version has noted the grant. */
  readonly subject: string | undefined
  /** What the token was, and is sealed as. */
  readonly column: TokenColumn
  readonly token: Uint8Array
  /** Tries that failed. */
  readonly attempts: number
}

/** Notes grants to be revoked, in the transaction that forgets them, where it does. */
export async function insertPlatformRevocations(
  trx: Kysely<Schema>,
  revocations: readonly Omit<PendingRevocation, 'attempts'>[],
): Promise<void> {
  if (revocations.length === 0) return
  await trx
    .insertInto('platform_revocations')
    .values(
      revocations.map(({ id, userId, platform, accountId, subject, column, token }) => ({
        id,
        user_id: userId,
        platform,
        account_id: accountId,
        subject: subject ?? null,
        token_column: column,
        token,
      })),
    )
    .execute()
}

/** Takes grants of these platforms that are due, and puts each off by `untilMs`: other instances take others. */
export async function takeDueRevocations(
  db: Kysely<Schema>,
  { platforms, max, untilMs }: { platforms: readonly string[]; max: number; untilMs: number },
): Promise<PendingRevocation[]> {
  const { rows } = await sql<RevocationRow>`
    update platform_revocations set next_attempt_at = clock_timestamp() + ${untilMs / 1000} * interval '1 second'
    where id in (
      select id from platform_revocations
      where next_attempt_at <= clock_timestamp() and platform = any(${platforms}::text[])
      order by next_attempt_at limit ${max} for update skip locked
    )
    returning id, user_id, platform, account_id, subject, token_column, token, attempts`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id as UserId,
    platform: row.platform,
    accountId: row.account_id as PlatformAccountId,
    subject: row.subject ?? undefined,
    column: row.token_column,
    token: row.token,
    attempts: row.attempts,
  }))
}

interface RevocationRow {
  readonly id: string
  readonly user_id: string
  readonly platform: string
  readonly account_id: string
  readonly subject: string | null
  readonly token_column: TokenColumn
  readonly token: Uint8Array
  readonly attempts: number
}

/** Forgets grants of platforms that are not enabled any more: nobody will revoke them, and their tokens have died. */
export async function deleteOldRevocations(db: Kysely<Schema>): Promise<void> {
  await sql`delete from platform_revocations where created_at < clock_timestamp() - interval '30 days'`.execute(
    db,
  )
}

/** Forgets a grant: it is revoked, or will never be. */
export async function deleteRevocation(db: Kysely<Schema>, id: string): Promise<void> {
  await db.deleteFrom('platform_revocations').where('id', '=', id).execute()
}

/** Counts a try that failed; the next is after `pauseMs`. */
export async function postponeRevocation(db: Kysely<Schema>, id: string, pauseMs: number): Promise<void> {
  await db
    .updateTable('platform_revocations')
    .set({
      attempts: sql<number>`attempts + 1`,
      next_attempt_at: sql<Date>`clock_timestamp() + ${pauseMs / 1000} * interval '1 second'`,
    })
    .where('id', '=', id)
    .execute()
}
