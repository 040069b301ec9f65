import { type Kysely, sql } from 'kysely'
import type { PlatformAccount, PlatformAccountId } from '../domain/platform-account.ts'
import { type PlatformAccountRow, toPlatformAccount } from './platform-accounts.ts'
import type { Schema } from './schema.ts'

/** An account with its tokens, and where renewing them stands. */
export interface StoredGrant extends PlatformAccount {
  readonly accessToken: Uint8Array | undefined
  readonly refreshToken: Uint8Array | undefined
  readonly generation: number
  /** By the database's clock, from the moment of reading; negative where it is over. */
  readonly expiresInMs: number
  readonly accessExpiresAt: Date | undefined
  /** While somebody renews. */
  readonly isLeased: boolean
  /** Somebody has begun to renew and was never heard of again: what the platform answered may be lost, or on its way. */
  readonly isLeaseLeft: boolean
  /** Renewals that failed one after the other, and how long none is tried. */
  readonly failures: number
  readonly pausedMs: number
  readonly isSuspended: boolean
}

/** Reads an account with its tokens. */
export async function findGrant(db: Kysely<Schema>, id: PlatformAccountId): Promise<StoredGrant | undefined> {
  const { rows } = await sql<PlatformAccountRow & GrantColumns>`
    select platform_accounts.*, users.status = 'SUSPENDED' as is_suspended,
      coalesce(extract(epoch from access_expires_at - now.at) * 1000, 0)::float8 as expires_in_ms,
      coalesce(leased_until > now.at, false) as is_leased,
      case when failures > 0 then extract(epoch from renew_at - now.at) * 1000 else 0 end::float8 as paused_ms
    from platform_accounts join users on users.id = platform_accounts.user_id,
      (select clock_timestamp() as at) as now
    where platform_accounts.id = ${id}`.execute(db)
  const [row] = rows
  return (
    row && {
      ...toPlatformAccount(row),
      accessToken: row.access_token ?? undefined,
      refreshToken: row.refresh_token ?? undefined,
      generation: row.generation,
      expiresInMs: row.expires_in_ms,
      accessExpiresAt: row.access_expires_at ?? undefined,
      isLeased: row.is_leased,
      isLeaseLeft: row.leased_until !== null && !row.is_leased,
      failures: row.failures,
      pausedMs: row.paused_ms,
      isSuspended: row.is_suspended,
    }
  )
}

interface GrantColumns {
  readonly is_suspended: boolean
  readonly expires_in_ms: number
  readonly is_leased: boolean
  readonly paused_ms: number
}
