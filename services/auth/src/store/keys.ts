import type { Kysely, Selectable } from 'kysely'
import type { Schema } from './schema.ts'

/** What a key is for. */
export type KeyPurpose = 'signing' | 'refresh' | 'fingerprint'

/** A key as the database holds it: the secret part only sealed. */
export interface StoredKey {
  readonly id: string
  readonly purpose: KeyPurpose
  readonly algorithm: string
  readonly publicJwk: Readonly<Record<string, unknown>> | undefined
  readonly sealed: Uint8Array
  readonly createdAt: Date
  readonly retiredAt: Date | undefined
}

/** A key about to be stored. */
export type NewKey = Omit<StoredKey, 'createdAt' | 'retiredAt'>

/** All keys, oldest first. */
export async function listKeys(db: Kysely<Schema>): Promise<StoredKey[]> {
  const rows = await db.selectFrom('keys').selectAll().orderBy('created_at').execute()
  return rows.map(toKey)
}

/** Stores a key unless its purpose has a current one: of several instances that start at once, one wins. */
export async function insertFirstKey(db: Kysely<Schema>, key: NewKey): Promise<void> {
  await db
    .insertInto('keys')
    .values({
      id: key.id,
      purpose: key.purpose,
      algorithm: key.algorithm,
      public_jwk: key.publicJwk ? JSON.stringify(key.publicJwk) : null,
      sealed: key.sealed,
      retired_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

function toKey(row: Selectable<Schema['keys']>): StoredKey {
  return {
    id: row.id,
    purpose: row.purpose as KeyPurpose,
    algorithm: row.algorithm,
    publicJwk: row.public_jwk ?? undefined,
    sealed: row.sealed,
    createdAt: row.created_at,
    retiredAt: row.retired_at ?? undefined,
  }
}
