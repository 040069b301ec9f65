import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { findMaker } from '../domain/key-life.ts'
import { planRevocation } from '../domain/key-plan.ts'
import type { RevocationMark } from '../domain/revocation.ts'
import { lockKeys } from '../store/keys.ts'
import { writeKeyPlan } from './write-key-plan.ts'

/** What a key's revocation has done. */
export type KeyRevocation =
  | {
      readonly outcome: 'REVOKED'
      readonly revocation: RevocationMark
      /** The key that signs now. */
      readonly signingKeyId: string
    }
  /** No signing key has this id, or its tokens have long expired. */
  | { readonly outcome: 'NOT_FOUND' }
  /** Nothing has changed. */
  | { readonly outcome: 'REVOKED_BEFORE' }

/**
 * Refuses everything that a signing key has signed or will sign, for ever; where it was the one that signs, another does so at once. What
 * was signed with it by an instance that had not heard of it is refused too: the entry names the key.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function revokeKey(
  deps: Pick<Deps, 'keyRing' | 'makeKey' | 'settings' | 'write'>,
  caller: Caller,
  { keyId }: { readonly keyId: string },
): Promise<KeyRevocation> {
  // Made outside: nothing slow inside a transaction.
  const made = await deps.makeKey('signing')
  const done = await deps.write(
    caller.origin,
    async (trx, _announce, revoke, record): Promise<KeyRevocation> => {
      const { asOf, keys } = await lockKeys(trx)
      const signing = keys.filter(({ purpose }) => purpose === 'signing')
      const key = signing.find(({ id }) => id === keyId)
      if (key === undefined) return { outcome: 'NOT_FOUND' }
      if (key.revokedAt !== undefined) return { outcome: 'REVOKED_BEFORE' }
      const plan = planRevocation(signing, key, asOf, deps.settings.keyTimes)
      await writeKeyPlan(trx, plan, made)
      await record(caller, { action: 'key.revoke', target: { kind: 'key', id: keyId } })
      const revocation = await revoke({ type: 'KEY', subject: keyId, reason: 'OPERATOR' })
      const after = [
        ...plan.changed,
        ...signing.filter(({ id }) => !plan.changed.some((one) => one.id === id)),
      ]
      const signingKeyId = findMaker(after, asOf)?.id ?? made.id
      return { outcome: 'REVOKED', revocation, signingKeyId }
    },
  )
  if (done.outcome === 'REVOKED') await deps.keyRing.reload()
  return done
}
