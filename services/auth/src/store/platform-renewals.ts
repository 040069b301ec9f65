import { type Kysely, sql, type Transaction } from 'kysely'
import type { PlatformAccount, PlatformAccountId } from '../domain/platform-account.ts'
import { type SealedTokens, toPlatformAccount, toTokenColumns } from './platform-accounts.ts'
import type { Schema } from './schema.ts'

/** The right to renew one generation of an account's tokens, alone among all instances, until it runs out. */
export interface Lease {
  readonly accountId: PlatformAccountId
  readonly generation: number
  readonly leaseId: string
}

/** Takes the lease, or not: somebody else has it, or the tokens are others by now. */
export async function takeLease(db: Kysely<Schema>, lease: Lease, leaseMs: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('platform_accounts')
    .set({
      lease_id: lease.leaseId,
      leased_until: sql<Date>`clock_timestamp() + ${leaseMs / 1000} * interval '1 second'`,
    })
    .where('id', '=', lease.accountId)
    .where('generation', '=', lease.generation)
    .where('status', '=', 'ACTIVE')
    .where((at) =>
      at.or([at('leased_until', 'is', null), at('leased_until', '<=', sql<Date>`clock_timestamp()`)]),
    )
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/**
 * Stores renewed tokens unless others were stored meanwhile. The lease may have run out: what the platform has just given is newer than what stands there
 * as long as the generation is the same.
 */
export async function storeRenewed(
  trx: Kysely<Schema>,
  { accountId, generation }: Lease,
  tokens: SealedTokens,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('platform_accounts')
    .set({
      generation: sql<number>`generation + 1`,
      ...(tokens.scopes === undefined ? {} : { scopes: [...tokens.scopes] }),
      ...toTokenColumns(tokens),
    })
    .where('id', '=', accountId)
    .where('generation', '=', generation)
    .where('status', '=', 'ACTIVE')
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/** Ends a lease whose renewal failed; nobody tries again for `pauseMs`. */
export async function releaseLease(db: Kysely<Schema>, lease: Lease, pauseMs: number): Promise<void> {
  await db
    .updateTable('platform_accounts')
    .set({
      lease_id: null,
      leased_until: null,
      failures: sql<number>`failures + 1`,
      renew_at: sql<Date>`clock_timestamp() + ${pauseMs / 1000} * interval '1 second'`,
    })
    .where('id', '=', lease.accountId)
    .where('lease_id', '=', lease.leaseId)
    .execute()
}

/** Marks the grant of a generation as withdrawn and forgets its tokens. Undefined where there is another one by now: it is not its fault. */
export async function withdrawGrant(
  trx: Transaction<Schema>,
  { accountId, generation }: Pick<Lease, 'accountId' | 'generation'>,
): Promise<PlatformAccount | undefined> {
  const row = await trx
    .updateTable('platform_accounts')
    .set({
      status: 'WITHDRAWN',
      access_token: null,
      refresh_token: null,
      access_expires_at: null,
      renew_at: null,
      lease_id: null,
      leased_until: null,
      failures: 0,
    })
    .where('id', '=', accountId)
    .where('generation', '=', generation)
    .where('status', '=', 'ACTIVE')
    .returningAll()
    .executeTakeFirst()
  return row && toPlatformAccount(row)
}

/** An account whose renewal is due. */
export interface DueRenewal {
  readonly id: PlatformAccountId
  readonly platform: string
}

/** Takes accounts of these platforms whose renewal is due, the longest due first, and puts each off by `untilMs`: other instances take others. */
export async function takeDueRenewals(
  db: Kysely<Schema>,
  { platforms, max, untilMs }: { platforms: readonly string[]; max: number; untilMs: number },
): Promise<DueRenewal[]> {
  const { rows } = await sql<{ id: string; platform: string }>`
    update platform_accounts set renew_at = clock_timestamp() + ${untilMs / 1000} * interval '1 second'
    where id in (
      select id from platform_accounts
      where renew_at <= clock_timestamp() and status = 'ACTIVE' and platform = any(${platforms}::text[])
      order by renew_at limit ${max} for update skip locked
    )
    returning id, platform`.execute(db)
  return rows.map(({ id, platform }) => ({ id: id as PlatformAccountId, platform }))
}
