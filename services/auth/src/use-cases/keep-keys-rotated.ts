import type { Deps } from '../deps.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Origin } from '../domain/caller.ts'
import { hasEnded, type KeyLife, type RotatedPurpose } from '../domain/key-life.ts'
import { isRotationDue, planRotation } from '../domain/key-plan.ts'
import { deleteKeys, lockKeys, readKeys } from '../store/keys.ts'
import { writeKeyPlan } from './write-key-plan.ts'

/** A successor that was planned. */
export interface PlannedKey {
  readonly purpose: RotatedPurpose
  readonly keyId: string
  readonly signsFrom: Date
}

/** What was done about the keys. */
export interface KeysKept {
  readonly planned: readonly PlannedKey[]
  /** Ids of keys that nothing valid was made with any more. */
  readonly deleted: readonly string[]
  /** Of the newest signing key before anything was done, a planned one included. */
  readonly newestAlgorithm: string | undefined
}

type KeepDeps = Pick<Deps, 'database' | 'write' | 'keyRing' | 'makeKey' | 'settings'>

/** Keys and the clock they were read by. */
interface KeysAt {
  readonly asOf: Date
  readonly keys: readonly KeyLife[]
}

const purposes: readonly RotatedPurpose[] = ['signing', 'refresh']
/** Ended keys stay this long: instances with a longer AUTH_ACCESS_TTL, which may be a day at most, still need them. */
const deleteAfterMs = 86_400_000
/** Nobody calls: the service does it by itself. */
const ownOrigin: Origin = Object.freeze({ ip: '', userAgent: '' })

/**
 * Plans the successors that are due by the schedule or, with `algorithm`, because the newest signing key is of another, and deletes keys
 * whose time is over. Any instance may call it at any time: who comes second finds nothing to do.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function keepKeysRotated(
  deps: KeepDeps,
  { algorithm }: { readonly algorithm?: string | undefined } = {},
): Promise<KeysKept> {
  const read = await readKeys(deps.database.kysely)
  const planned: PlannedKey[] = []
  for (const purpose of purposes) {
    const wished = purpose === 'signing' ? algorithm : undefined
    const done = isDue(deps, read, purpose, wished) ? await planDue(deps, purpose, wished) : undefined
    if (done) planned.push(done)
  }
  const deleted = await deleteEnded(deps, read)
  if (planned.length > 0) await deps.keyRing.reload()
  return { planned, deleted, newestAlgorithm: findNewestAlgorithm(read) }
}

function findNewestAlgorithm({ keys }: KeysAt): string | undefined {
  return keys.find((key) => key.purpose === 'signing' && key.retiredAt === undefined)?.algorithm
}

function isDue(
  { settings }: KeepDeps,
  { asOf, keys }: KeysAt,
  purpose: RotatedPurpose,
  algorithm: string | undefined,
): boolean {
  const ofPurpose = keys.filter((key) => key.purpose === purpose)
  return isRotationDue(ofPurpose, asOf, purpose, settings.keyTimes, algorithm)
}

/** Undefined where another instance has planned it meanwhile. */
async function planDue(
  deps: KeepDeps,
  purpose: RotatedPurpose,
  algorithm: string | undefined,
): Promise<PlannedKey | undefined> {
  // Made outside: nothing slow inside a transaction.
  const made = await deps.makeKey(purpose)
  return await deps.write(ownOrigin, async (trx, _announce, _revoke, record) => {
    const locked = await lockKeys(trx)
    if (!isDue(deps, locked, purpose, algorithm)) return undefined
    const ofPurpose = locked.keys.filter((key) => key.purpose === purpose)
    const plan = planRotation(ofPurpose, locked.asOf, { purpose, atOnce: false }, deps.settings.keyTimes)
    if (plan?.newFrom === undefined) return undefined
    await writeKeyPlan(trx, plan, made)
    const target = { kind: 'key', id: made.id } as const
    await record('system', { action: 'key.plan', target, reason: purpose })
    return { purpose, keyId: made.id, signsFrom: plan.newFrom }
  })
}

function toDeletedKey(id: string): AuditEntry {
  return { action: 'key.delete', target: { kind: 'key', id } }
}

/** An end never moves away, so what had ended when it was read has ended now. */
async function deleteEnded({ settings, write }: KeepDeps, { asOf, keys }: KeysAt): Promise<string[]> {
  const at = new Date(asOf.getTime() - deleteAfterMs)
  const ended = keys.filter((key) => hasEnded(key, at, settings.keyTimes)).map(({ id }) => id)
  if (ended.length === 0) return ended
  await write(ownOrigin, async (trx, _announce, _revoke, record) => {
    await deleteKeys(trx, ended)
    await record('system', ...ended.map(toDeletedKey))
  })
  return ended
}
