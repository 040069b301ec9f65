import { type KeyLife, type KeyTimes, type RotatedPurpose, toKeyState, toLeadMs } from './key-life.ts'

/** What changes about the keys of one purpose. */
export interface KeyPlan {
  /** The keys with their new instants. */
  readonly changed: readonly KeyLife[]
  /** When a new key begins to make tokens; undefined: none is needed. It is the only one that is not retired. */
  readonly newFrom: Date | undefined
}

/** Which rotation is asked for. */
export interface RotationWish {
  readonly purpose: RotatedPurpose
  /** Makes tokens now, though others do not know it yet: they ask ValidateToken. */
  readonly atOnce: boolean
}

/**
 * The keys after a rotation, or undefined where one is planned already. `keys` are all of the purpose, and the caller has them locked.
 * At once brings a planned key forward.
 */
export function planRotation(
  keys: readonly KeyLife[],
  now: Date,
  wish: RotationWish,
  times: KeyTimes,
): KeyPlan | undefined {
  const newest = findNewest(keys)
  if (newest === undefined) return { changed: [], newFrom: now }
  if (newest.signsFrom > now) return wish.atOnce ? bringForward(keys, newest, now) : undefined
  const newFrom = wish.atOnce ? now : new Date(now.getTime() + toLeadMs(wish.purpose, times))
  return { changed: [{ ...newest, retiredAt: newFrom }], newFrom }
}

/**
 * Whether a new key must be planned now: so that it begins when the newest has made tokens for its time, or because the newest is of another
 * algorithm than wished.
 */
export function isRotationDue(
  keys: readonly KeyLife[],
  now: Date,
  purpose: RotatedPurpose,
  times: KeyTimes,
  algorithm?: string,
): boolean {
  const newest = findNewest(keys)
  if (newest === undefined || newest.signsFrom > now) return false
  if (algorithm !== undefined && newest.algorithm !== algorithm) return true
  return newest.signsFrom.getTime() + times.rotationMs - toLeadMs(purpose, times) <= now.getTime()
}

/**
 * The keys after one of them was revoked: where it makes tokens a successor does so at once, a planned one if there is one; where it was
 * planned, another is planned in its place. `key` is one of `keys`, all of its purpose, and the caller has them locked.
 */
export function planRevocation(keys: readonly KeyLife[], key: KeyLife, now: Date, times: KeyTimes): KeyPlan {
  const state = toKeyState(key, now)
  const revoked = { ...key, revokedAt: now, retiredAt: toEarlier(key.retiredAt, now) }
  if (state === 'RETIRED') return { changed: [revoked], newFrom: undefined }
  if (state === 'PLANNED') {
    const newFrom = new Date(now.getTime() + toLeadMs(key.purpose, times))
    const before = keys.filter((one) => one.id !== key.id && toKeyState(one, now) === 'CURRENT')
    return { changed: [revoked, ...before.map((one) => ({ ...one, retiredAt: newFrom }))], newFrom }
  }
  const planned = findNewest(keys.filter((one) => one.id !== key.id && toKeyState(one, now) === 'PLANNED'))
  if (planned === undefined) return { changed: [revoked], newFrom: now }
  return { changed: [revoked, { ...planned, signsFrom: now }], newFrom: undefined }
}

function bringForward(keys: readonly KeyLife[], planned: KeyLife, now: Date): KeyPlan {
  const current = keys.filter((key) => toKeyState(key, now) === 'CURRENT')
  const retired = current.map((key) => ({ ...key, retiredAt: now }))
  return { changed: [...retired, { ...planned, signsFrom: now }], newFrom: undefined }
}

/** The key without a successor. */
function findNewest(keys: readonly KeyLife[]): KeyLife | undefined {
  return keys.find(({ retiredAt }) => retiredAt === undefined)
}

function toEarlier(one: Date | undefined, other: Date): Date {
  return one !== undefined && one < other ? one : other
}
