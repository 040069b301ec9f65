import type { KeyObject } from 'node:crypto'
import { type KeySet, makeKeySet } from '@immersiverse/auth-client/verifier'
import { findMaker, hasEnded, isPublished, type KeyTimes } from '../domain/key-life.ts'
import type { KeysRead, StoredKey } from '../store/keys.ts'
import type { RefreshKey, SigningKey } from './key-ring.ts'
import type { OpenedKeys } from './open-keys.ts'

/** The keys as one read saw them. Immutable. */
export interface KeyView {
  /** The database's clock before the read. */
  readonly asOf: Date
  readonly keySet: KeySet
  /** What `keySet` was made of: the same text, the same set. */
  readonly verifyingJson: string
  readonly jwksJson: string
  readonly refresh: RefreshKey
  readonly fingerprintKey: KeyObject
  /** When the key that signs at `asOf` began. */
  readonly signsSince: Date
  readonly revoked: ReadonlySet<string>
  findSigningKey(issuedAt: Date): SigningKey | undefined
  findRefreshKey(id: string): RefreshKey | undefined
}

/**
 * Makes the view of what was read. `before` lends what has not changed: verified tokens are remembered by the very key object.
 * Throws SealError when the master key is not the one that sealed them, a plain Error where a purpose has no key.
 */
export function makeKeyView(
  { asOf, keys }: KeysRead,
  opened: OpenedKeys,
  times: KeyTimes,
  before?: KeyView,
): KeyView {
  const living = keys.filter((key) => !hasEnded(key, asOf, times))
  const signing = living.filter(({ purpose }) => purpose === 'signing')
  const signers = signing.filter(({ retiredAt }) => retiredAt === undefined || retiredAt > asOf)
  // Opened now, not by the first call that signs.
  for (const key of signers) opened.signing(key)
  const refreshKeys = living.filter(({ purpose }) => purpose === 'refresh')
  const refreshById = new Map(refreshKeys.map((key) => [key.id, opened.refresh(key)]))
  const verifyingJson = toJwks(signing)
  const getMaker = (purpose: string) => {
    const ofPurpose = living.filter((key) => key.purpose === purpose)
    const key = findMaker(ofPurpose, asOf)
    if (key === undefined) throw new Error(`there is no ${purpose} key`)
    return key
  }
  return {
    asOf,
    keySet: before?.verifyingJson === verifyingJson ? before.keySet : makeKeySet(verifyingJson),
    verifyingJson,
    jwksJson: toJwks(signing.filter((key) => isPublished(key, asOf, times))),
    refresh: opened.refresh(getMaker('refresh')),
    fingerprintKey: opened.secret(getMaker('fingerprint')),
    signsSince: getMaker('signing').signsFrom,
    revoked: new Set(signing.filter(({ revokedAt }) => revokedAt !== undefined).map(({ id }) => id)),
    findSigningKey: (issuedAt) => {
      if (issuedAt.getTime() - asOf.getTime() > times.ringMaxAgeMs) return undefined
      const key = findMaker(signers, issuedAt)
      return key && opened.signing(key)
    },
    findRefreshKey: (id) => refreshById.get(id),
  }
}

function toJwks(keys: readonly StoredKey[]): string {
  return JSON.stringify({ keys: keys.flatMap((key) => (key.publicJwk ? [key.publicJwk] : [])) })
}
