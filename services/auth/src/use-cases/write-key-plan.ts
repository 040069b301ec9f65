import type { Transaction } from 'kysely'
import type { KeyPlan } from '../domain/key-plan.ts'
import { insertKey, type NewKey, updateKeyLife } from '../store/keys.ts'
import type { Schema } from '../store/schema.ts'

/** Writes a plan for locked keys: `made` is stored where it asks for a new one. */
export async function writeKeyPlan(
  trx: Transaction<Schema>,
  { changed, newFrom }: KeyPlan,
  made: NewKey,
): Promise<void> {
  // First the others' ends: one key of a purpose may be without.
  for (const key of changed) await updateKeyLife(trx, key)
  if (newFrom !== undefined) await insertKey(trx, made, newFrom)
}
