/** What a key is for. */
export type KeyPurpose = 'signing' | 'refresh' | 'fingerprint'

/** The purposes whose keys are replaced; the fingerprint key must give the same hashes for ever. */
export type RotatedPurpose = Exclude<KeyPurpose, 'fingerprint'>

/** When a key does what, by the database's clock. */
export interface KeyLife {
  readonly id: string
  readonly purpose: KeyPurpose
  readonly algorithm: string
  /** Public from then on. */
  readonly createdAt: Date
  /** Makes tokens from then on. */
  readonly signsFrom: Date
  /** Makes none from then on; undefined: no successor is planned. At most one key of a purpose has none. */
  readonly retiredAt: Date | undefined
  /** Everything it has signed is refused, since then. */
  readonly revokedAt: Date | undefined
}

/** How long keys live, and what others may do meanwhile. All in milliseconds. */
export interface KeyTimes {
  /** A key makes tokens this long; Infinity: until somebody rotates it. */
  readonly rotationMs: number
  /** `max-age` of the published keys: how long a cache may hold them, and how long a verifier may before it reads them again. */
  readonly publishedMaxAgeMs: number
  /** An instance whose keys were read longer ago than this makes no tokens. */
  readonly ringMaxAgeMs: number
  /** How often an instance reads the keys. */
  readonly ringPollMs: number
  /** How often an instance looks whether a rotation is due. */
  readonly rotationCheckMs: number
  /** How far the clocks of those who verify tokens may be apart from the database's. */
  readonly skewMs: number
  /** Longest life of an access token. */
  readonly accessTtlMs: number
  /** Longest life of a refresh family. */
  readonly refreshMaxMs: number
}

/** Where a key stands at an instant. */
export type KeyState = 'PLANNED' | 'CURRENT' | 'RETIRED' | 'REVOKED'

/** Where a key stands at an instant. */
export function toKeyState(key: KeyLife, at: Date): KeyState {
  if (key.revokedAt !== undefined) return 'REVOKED'
  if (key.signsFrom > at) return 'PLANNED'
  return key.retiredAt === undefined || key.retiredAt > at ? 'CURRENT' : 'RETIRED'
}

/**
 * How long before it makes tokens a key is known. Signing: every instance has it, the last verifier has come back after its `max-age`, and
 * the cache it then asked had been filled just before. Refresh: only instances need it.
 */
export function toLeadMs(purpose: KeyPurpose, times: KeyTimes): number {
  return times.ringMaxAgeMs + (purpose === 'signing' ? 2 * times.publishedMaxAgeMs : 0)
}

/**
 * Until when a key verifies, undefined where no end is known yet: an instance that has not heard of its end makes tokens for
 * `ringMaxAgeMs` more, and the last of them lives as long as any. What the commit took after its clock was read is within `skewMs`.
 */
export function findKeyEnd({ purpose, retiredAt }: KeyLife, times: KeyTimes): Date | undefined {
  if (retiredAt === undefined) return undefined
  const lifeMs = purpose === 'signing' ? times.accessTtlMs : times.refreshMaxMs
  return new Date(retiredAt.getTime() + times.ringMaxAgeMs + lifeMs + times.skewMs)
}

/** Whether others are told of a signing key: from its creation to its end, and not once it is revoked. */
export function isPublished(key: KeyLife, at: Date, times: KeyTimes): boolean {
  return key.purpose === 'signing' && key.revokedAt === undefined && !hasEnded(key, at, times)
}

/** Whether nothing that a key has made can be valid any more. */
export function hasEnded(key: KeyLife, at: Date, times: KeyTimes): boolean {
  const end = findKeyEnd(key, times)
  return end !== undefined && end <= at
}

/**
 * The key of one purpose that makes what is issued at an instant: of those neither revoked nor retired by then the one that began last;
 * where the only one left begins later, as after a revocation in that very moment, that one. All instances that know the same keys choose
 * the same.
 */
export function findMaker<Key extends KeyLife>(keys: readonly Key[], issuedAt: Date): Key | undefined {
  let best: Key | undefined
  for (const key of keys) {
    if (key.revokedAt !== undefined || (key.retiredAt !== undefined && key.retiredAt <= issuedAt)) continue
    if (best === undefined || isBetter(key, best, issuedAt)) best = key
  }
  return best
}

function isBetter(key: KeyLife, best: KeyLife, at: Date): boolean {
  if (key.signsFrom <= at) return best.signsFrom > at || key.signsFrom > best.signsFrom
  return best.signsFrom > at && key.signsFrom < best.signsFrom
}
