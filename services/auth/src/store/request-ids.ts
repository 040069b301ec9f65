import type { Kysely, Transaction } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import type { Schema } from './schema.ts'

/** A request that was carried out. */
export interface DoneRequest {
  readonly fingerprint: Uint8Array
  readonly userId: UserId
}

/** What a request id was used for, or undefined. */
export async function findRequest(db: Kysely<Schema>, requestId: string): Promise<DoneRequest | undefined> {
  const row = await db
    .selectFrom('request_ids')
    .select(['fingerprint', 'user_id'])
    .where('request_id', '=', requestId)
    .executeTakeFirst()
  return row && { fingerprint: row.fingerprint, userId: row.user_id as UserId }
}

/** Notes a request as done. Throws UniqueViolation `request_ids_pkey` where another was faster. */
export async function insertRequest(
  trx: Transaction<Schema>,
  requestId: string,
  request: DoneRequest,
): Promise<void> {
  await trx
    .insertInto('request_ids')
    .values({ request_id: requestId, fingerprint: request.fingerprint, user_id: request.userId })
    .execute()
}
