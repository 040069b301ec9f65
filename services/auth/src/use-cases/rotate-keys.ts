import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { KeyLife, RotatedPurpose } from '../domain/key-life.ts'
import { type KeyPlan, planRotation } from '../domain/key-plan.ts'
import { lockKeys } from '../store/keys.ts'
import { writeKeyPlan } from './write-key-plan.ts'

/** What a rotation has done. */
export interface Rotation {
  /** PLANNED: a key makes tokens from `signsFrom` on. PLANNED_BEFORE: one was waiting already, and nothing has changed. */
  readonly outcome: 'PLANNED' | 'PLANNED_BEFORE'
  readonly keyId: string
  readonly signsFrom: Date
}

/** Which keys, and whether the new one makes tokens before others had the time to hear of it. */
export interface RotateKeysInput {
  readonly purpose: RotatedPurpose
  readonly atOnce: boolean
}

/**
 * Plans a successor of the key that makes tokens: known now, in use when everybody has had the time to read it. Of several calls at the same
 * time one plans it and the others find it planned.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function rotateKeys(
  deps: Pick<Deps, 'write' | 'keyRing' | 'makeKey' | 'settings'>,
  caller: Caller,
  { purpose, atOnce }: RotateKeysInput,
): Promise<Rotation> {
  // Made outside: nothing slow inside a transaction.
  const made = await deps.makeKey(purpose)
  const rotation = await deps.write(
    caller.origin,
    async (trx, _announce, _revoke, record): Promise<Rotation> => {
      const { asOf, keys } = await lockKeys(trx)
      const ofPurpose = keys.filter((key) => key.purpose === purpose)
      const plan = planRotation(ofPurpose, asOf, { purpose, atOnce }, deps.settings.keyTimes)
      if (plan === undefined) return { outcome: 'PLANNED_BEFORE', ...toNewest(ofPurpose) }
      await writeKeyPlan(trx, plan, made)
      const planned = toPlanned(plan, made.id)
      const reason = atOnce ? `${purpose}, at once` : purpose
      await record(caller, { action: 'key.plan', target: { kind: 'key', id: planned.keyId }, reason })
      return { outcome: 'PLANNED', ...planned }
    },
  )
  await deps.keyRing.reload()
  return rotation
}

/** The key that makes tokens next, the new one or one that was brought forward. */
function toPlanned({ changed, newFrom }: KeyPlan, newId: string): Omit<Rotation, 'outcome'> {
  return newFrom === undefined ? toNewest(changed) : { keyId: newId, signsFrom: newFrom }
}

function toNewest(keys: readonly KeyLife[]): Omit<Rotation, 'outcome'> {
  const newest = keys.find(({ retiredAt }) => retiredAt === undefined)
  if (newest === undefined) throw new Error('no key is without a successor')
  return { keyId: newest.id, signsFrom: newest.signsFrom }
}
