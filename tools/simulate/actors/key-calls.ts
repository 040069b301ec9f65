import { AuthError } from '../../../services/auth/src/domain/errors.ts'
import type { RotatedPurpose } from '../../../services/auth/src/domain/key-life.ts'
import type { RevocationMark } from '../../../services/auth/src/domain/revocation.ts'
import { revokeKey } from '../../../services/auth/src/use-cases/revoke-key.ts'
import { rotateKeys } from '../../../services/auth/src/use-cases/rotate-keys.ts'
import type { World } from '../world/world.ts'
import { toCaller } from './device.ts'
import { makeAsk } from './make-ask.ts'

/** What operators do with keys. */
export interface KeyCalls {
  rotateKeys(purpose: RotatedPurpose, atOnce: boolean): Promise<void>
  /** Answers with the mark, or with undefined where it was revoked before. */
  revokeKey(keyId: string): Promise<RevocationMark | undefined>
}

const caller = toCaller({ clientId: 'console', ip: '10.9.9.9', userAgent: 'operator' })

/** Makes them, over the network to the real use-cases. */
export function makeKeyCalls(world: World): KeyCalls {
  const { history, time } = world
  const ask = makeAsk(world)
  return {
    rotateKeys: (purpose, atOnce) =>
      ask(async ({ deps, process }) => {
        history.note(() => `${purpose} keys are rotated ${atOnce ? 'at once ' : ''}in ${process.name}`)
        const { keyId, outcome } = await judged(world, () => rotateKeys(deps, caller, { purpose, atOnce }))
        history.note(() => `rotation: ${outcome} ${keyId}`)
      }),
    revokeKey: (keyId) =>
      ask(async ({ deps, process }) => {
        const startMs = time.nowMs
        history.keyRevocations.add(keyId)
        history.note(() => `key ${keyId} is revoked in ${process.name}`)
        const done = await judged(world, () => revokeKey(deps, caller, { keyId }))
        history.note(() => `revocation of ${keyId}: ${done.outcome}`)
        if (done.outcome !== 'REVOKED') return undefined
        const mayBeLost = history.epochs.some(
          ({ lostCommits, promotedMs }) => lostCommits > 0 && promotedMs >= startMs,
        )
        if (!mayBeLost) history.revokeKey(keyId)
        return done.revocation
      }),
  }
}

/** Fails as the service does; what no caller of it expects is a violation. */
async function judged<T>({ history }: World, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const isExpected = error instanceof AuthError && error.reason === 'DATABASE_UNAVAILABLE'
    if (!isExpected) history.violate('R10', `keys cannot be changed: ${String(error)}`)
    throw error
  }
}
