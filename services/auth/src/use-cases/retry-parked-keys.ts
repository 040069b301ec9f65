import type { Deps } from '../deps.ts'
import { retryParkedKeys as makeDue } from '../store/parked-keys.ts'

/**
 * Has the relay try one parked key again at once, or all where none is named, instead of when their time comes: after the broker's settings
 * were put right. Returns how many there are. What is refused still stays parked.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function retryParkedKeys(
  { database }: Pick<Deps, 'database'>,
  input: { readonly key?: string },
): Promise<number> {
  return await makeDue(database.kysely, input.key)
}
