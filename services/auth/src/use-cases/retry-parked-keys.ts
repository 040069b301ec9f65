import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { retryParkedKeys as makeDue } from '../store/parked-keys.ts'

/**
 * Has the relay try one parked key again at once, or all where none is named, instead of when their time comes: after the broker's settings
 * were put right. Returns how many there are. What is refused still stays parked.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function retryParkedKeys(
  { write }: Pick<Deps, 'write'>,
  caller: Caller,
  input: { readonly key?: string },
): Promise<number> {
  return await write(caller.origin, async (trx, _announce, _revoke, record) => {
    const count = await makeDue(trx, input.key)
    const target = { kind: 'parked_keys', id: input.key ?? '' } as const
    if (count > 0) await record(caller, { action: 'event.retry', target })
    return count
  })
}
