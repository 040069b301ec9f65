import type { Deps } from '../deps.ts'
import { type ParkedKey, listParkedKeys as readParkedKeys } from '../store/parked-keys.ts'

/**
 * The keys whose events wait because the broker refuses one of them for good, the one that has waited longest first.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function listParkedKeys({ database }: Pick<Deps, 'database'>): Promise<ParkedKey[]> {
  return await readParkedKeys(database.kysely)
}
