import type { Deps } from '../deps.ts'
import { findKeyEnd, type KeyPurpose, type KeyState, toKeyState } from '../domain/key-life.ts'
import { readKeys } from '../store/keys.ts'

/** A key as an operator sees it. */
export interface KeyFacts {
  readonly id: string
  readonly purpose: KeyPurpose
  readonly algorithm: string
  readonly state: KeyState
  readonly createdAt: Date
  readonly signsFrom: Date
  readonly retiredAt: Date | undefined
  readonly revokedAt: Date | undefined
  /** From then on nothing that it made is valid; a signing key is published until then, unless it is revoked. */
  readonly endsAt: Date | undefined
}

/**
 * The keys, oldest first, by the database's clock.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function listKeys({
  database,
  settings,
}: Pick<Deps, 'database' | 'settings'>): Promise<KeyFacts[]> {
  const { asOf, keys } = await readKeys(database.kysely)
  return keys.map((key) => ({
    id: key.id,
    purpose: key.purpose,
    algorithm: key.algorithm,
    state: toKeyState(key, asOf),
    createdAt: key.createdAt,
    signsFrom: key.signsFrom,
    retiredAt: key.retiredAt,
    revokedAt: key.revokedAt,
    endsAt: findKeyEnd(key, settings.keyTimes),
  }))
}
