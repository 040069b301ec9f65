import type { Deps } from '../deps.ts'
import { type ParkedKey, type ParkedKind, listParkedKeys as readParkedKeys } from '../store/parked-keys.ts'

/**
 * The keys whose events wait, and those whose users' states are withheld, because the broker refuses one of them for good; of each kind the one
 * that has waited longest first.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function listParkedKeys({
  database: { kysely },
}: Pick<Deps, 'database'>): Promise<(ParkedKey & { readonly kind: ParkedKind })[]> {
  const kinds: readonly ParkedKind[] = ['EVENTS', 'STATES']
  const lists = await Promise.all(
    kinds.map(async (kind) => (await readParkedKeys(kysely, kind)).map((parked) => ({ kind, ...parked }))),
  )
  return lists.flat()
}
