import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import { AuthError } from '../domain/errors.ts'
import type { KeyLife, KeyPurpose } from '../domain/key-life.ts'
import { isEpochSettled } from './epoch.ts'
import type { Schema } from './schema.ts'

/** A key as the database holds it: the secret part only sealed. */
export interface StoredKey extends KeyLife {
  readonly publicJwk: Readonly<Record<string, unknown>> | undefined
  readonly sealed: Uint8Array
}

/** A key about to be stored. */
export type NewKey = Pick<StoredKey, 'id' | 'purpose' | 'algorithm' | 'publicJwk' | 'sealed'>

/** All keys, oldest first, as of an instant. */
export interface KeysRead {
  /** The database's clock before the keys were read: what was committed before is among them. */
  readonly asOf: Date
  readonly keys: readonly StoredKey[]
}

// Named, so that a plan which outlives a later migration still fits.
const keyColumns = sql`keys.id, keys.purpose, keys.algorithm, keys.public_jwk, keys.sealed, keys.created_at, keys.signs_from,
  keys.retired_at, keys.revoked_at`

type KeyRow = Selectable<Schema['keys']>
type ReadRow = { readonly as_of: Date; readonly settled?: boolean | null } & (KeyRow | { readonly id: null })

/**
 * Reads the keys on the primary.
 * @throws AuthError DATABASE_UNAVAILABLE on a standby, and on another history than the epoch's: keys may be missing there.
 */
export async function readKeys(db: Kysely<Schema>): Promise<KeysRead> {
  const { rows } = await sql<ReadRow>`
    select clock.*, ${keyColumns} from (
      select statement_timestamp() as as_of, (select ${sql.raw(isEpochSettled)} from epoch) as settled
    ) as clock left join keys on true
    order by keys.created_at, keys.id`.execute(db)
  if (!rows[0]?.settled) {
    const cause = new Error('the database is a standby, or not the one of this epoch')
    throw new AuthError('DATABASE_UNAVAILABLE', { cause })
  }
  return toKeysRead(rows)
}

/**
 * Keeps everybody else from changing keys until the transaction ends, and then reads them, so that no change is missed. `asOf` is the clock
 * under the lock. Reading is not held up.
 */
export async function lockKeys(trx: Transaction<Schema>): Promise<KeysRead> {
  await sql`lock table keys in share row exclusive mode`.execute(trx)
  const { rows } = await sql<ReadRow>`
    select clock.*, ${keyColumns} from (select clock_timestamp() as as_of) as clock left join keys on true
    order by keys.created_at, keys.id`.execute(trx)
  return toKeysRead(rows)
}

/** Stores a key unless its purpose has a current one: of several instances that start at once, one wins. It makes tokens at once. */
export async function insertFirstKey(db: Kysely<Schema>, key: NewKey): Promise<void> {
  await db
    .insertInto('keys')
    .values(toRow(key))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Stores the successor of keys that have an end by now; the caller has locked them. Throws UniqueViolation where one has none. */
export async function insertKey(trx: Transaction<Schema>, key: NewKey, signsFrom: Date): Promise<void> {
  await trx
    .insertInto('keys')
    .values({ ...toRow(key), signs_from: signsFrom })
    .execute()
}

/** Writes a locked key's instants. */
export async function updateKeyLife(trx: Transaction<Schema>, key: KeyLife): Promise<void> {
  await trx
    .updateTable('keys')
    .set({
      signs_from: key.signsFrom,
      retired_at: key.retiredAt ?? null,
      revoked_at: key.revokedAt ?? null,
    })
    .where('id', '=', key.id)
    .execute()
}

/** Deletes locked keys. */
export async function deleteKeys(trx: Transaction<Schema>, ids: readonly string[]): Promise<void> {
  await sql`delete from keys where id = any(${ids}::text[])`.execute(trx)
}

function toRow(key: NewKey) {
  return {
    id: key.id,
    purpose: key.purpose,
    algorithm: key.algorithm,
    public_jwk: key.publicJwk ? JSON.stringify(key.publicJwk) : null,
    sealed: key.sealed,
    retired_at: null,
  }
}

function toKeysRead(rows: readonly ReadRow[]): KeysRead {
  const [first] = rows
  if (first === undefined) throw new Error('the database did not tell the time')
  return { asOf: first.as_of, keys: rows.flatMap((row) => (row.id === null ? [] : [toKey(row)])) }
}

function toKey(row: KeyRow): StoredKey {
  return {
    id: row.id,
    purpose: row.purpose as KeyPurpose,
    algorithm: row.algorithm,
    publicJwk: row.public_jwk ?? undefined,
    sealed: row.sealed,
    createdAt: row.created_at,
    signsFrom: row.signs_from,
    retiredAt: row.retired_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  }
}
